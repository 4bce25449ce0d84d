import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exited, type FunctionErrorBody, timedOut } from './function-error.ts'
import type { ResolvedFunction } from './function-spec.ts'
import { workerEnvironment } from './lambda-environment.ts'
import type { Outcome, Worker, WorkerSignal, WorkItem } from './worker.ts'
import type { RunMessage, WorkerConfig, WorkerMessage } from './worker-messages.ts'

const program = fileURLToPath(new URL('worker-main.ts', import.meta.url))
/** Handlers are TypeScript sources, of this repository's packages too. */
const nodeFlags = ['--conditions=source', '--disable-warning=ExperimentalWarning']

/** Where the standard output and error of worker processes go. */
export type WorkerOutput = 'ignore' | 'inherit'

type Start = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly outcome: Outcome }

/** A Node.js process that serves one function version, as a Lambda execution environment does. */
export class ProcessWorker implements Worker {
  readonly capacity: number
  readonly started: Promise<Start>
  readonly gone: Promise<void>
  readonly #function: ResolvedFunction
  readonly #child: ChildProcess
  readonly #running = new Map<string, (outcome: Outcome) => void>()
  readonly #timedOut = new Set<string>()
  readonly #starting = Promise.withResolvers<Start>()
  readonly #ending = Promise.withResolvers<void>()
  #load = 0
  #isFrozen = false
  #isEnding = false

  constructor(fn: ResolvedFunction, output: WorkerOutput) {
    this.#function = fn
    this.capacity = fn.concurrentPerProcess
    this.gone = this.#ending.promise
    this.started = delay(fn.coldStartMs).then(() => this.#starting.promise)
    this.#child = fork(program, [JSON.stringify(workerConfig(fn))], {
      execArgv: nodeFlags,
      env: workerEnvironment(fn),
      serialization: 'advanced',
      stdio: ['ignore', output, output, 'ipc'],
    })
    this.#child.on('message', (message: WorkerMessage) => this.#receive(message))
    this.#child.once('exit', (code, signal) => this.#exit(code, signal))
    this.#child.on('error', () => {
      // Sending to a process that has just ended fails; its exit settles what it was doing. Where
      // there is no process at all, no exit follows.
      if (this.pid === undefined) this.#exit(null, null)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get load(): number {
    return this.#load
  }

  get isUsable(): boolean {
    return !this.#isFrozen && !this.#isEnding
  }

  async run(item: WorkItem): Promise<Outcome> {
    this.#load += 1
    try {
      const start = await this.started
      if (start.kind === 'failed') return start.outcome
      if (this.#isEnding) return this.#exitOutcome(item.requestId, null, 'SIGKILL')
      return await this.#runStarted(item)
    } finally {
      this.#load -= 1
    }
  }

  signal(signal: WorkerSignal): void {
    if (signal === 'SIGKILL') this.#isEnding = true
    else this.#isFrozen = signal === 'SIGSTOP'
    this.#child.kill(signal)
  }

  async #runStarted({
    requestId,
    payload,
    invokedArn,
    onHandlerStart,
  }: WorkItem): Promise<Outcome> {
    const { timeoutMs } = this.#function
    const ended = Promise.withResolvers<Outcome>()
    this.#running.set(requestId, ended.resolve)
    const deadline = Date.now() + timeoutMs
    const message: RunMessage = { requestId, arn: invokedArn, deadline, payload }
    onHandlerStart()
    this.#child.send(message)
    const timer = setTimeout(() => this.#timeOut(requestId), timeoutMs)
    const outcome = await ended.promise
    clearTimeout(timer)
    this.#running.delete(requestId)
    return outcome
  }

  /** The reply waits for the process to be gone: what has timed out does nothing any more. */
  #timeOut(requestId: string): void {
    this.#timedOut.add(requestId)
    this.signal('SIGKILL')
  }

  #receive(message: WorkerMessage): void {
    switch (message.kind) {
      case 'started':
        this.#starting.resolve({ kind: 'ready' })
        break
      case 'ended':
        this.#running.get(message.requestId)?.(message.result)
        break
      case 'start-failed':
      case 'crashed':
        this.#failAll(message.error)
        break
      default:
        message satisfies never
    }
  }

  #failAll(error: FunctionErrorBody): void {
    this.#isEnding = true
    const outcome: Outcome = { kind: 'failed', error }
    this.#starting.resolve({ kind: 'failed', outcome })
    for (const end of this.#running.values()) end(outcome)
  }

  #exit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#isEnding = true
    const outcome = this.#exitOutcome('unknown', code, signal)
    this.#starting.resolve({ kind: 'failed', outcome })
    for (const [requestId, end] of this.#running) end(this.#exitOutcome(requestId, code, signal))
    this.#ending.resolve()
  }

  #exitOutcome(requestId: string, code: number | null, signal: string | null): Outcome {
    if (!this.#timedOut.has(requestId)) {
      return { kind: 'exited', error: exited(requestId, code, signal) }
    }
    return { kind: 'timed-out', error: timedOut(requestId, this.#function.timeoutMs) }
  }
}

function workerConfig(fn: ResolvedFunction): WorkerConfig {
  return {
    entry: fn.entry,
    exportName: fn.exportName,
    functionName: fn.name,
    version: fn.version,
    memoryMb: fn.memoryMb,
  }
}
