import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import { DeployedFunction } from './deployed-function.ts'
import type { EmulatorEvents } from './events.ts'
import type { Fault } from './faults.ts'
import {
  type FunctionDefaults,
  type FunctionSpec,
  type ResolvedFunction,
  resolveFunction,
} from './function-spec.ts'
import { InlineWorker } from './inline-worker.ts'
import { createInvokeServer } from './invoke-server.ts'
import { Invoker } from './invoker.ts'
import { defaultAccountConcurrency } from './limits.ts'
import { ProcessWorker, type WorkerOutput } from './process-worker.ts'
import { type RunningInvoke, RunningInvokes, type Which } from './running-invokes.ts'
import type { FunctionStatistics } from './statistics.ts'
import type { Worker, WorkerSignal } from './worker.ts'

export interface LambdaEmulatorOptions extends Partial<FunctionDefaults> {
  /** By default any free one, on 127.0.0.1. */
  readonly port?: number
  readonly accountConcurrency?: number
  /** `Retry-After` of every 429; 1 by default, 0 leaves it out. */
  readonly retryAfterSeconds?: number
  /** What handlers print; ignored by default. */
  readonly output?: WorkerOutput
}

/**
 * AWS Lambda's `Invoke`, on this machine, with faults to order.
 *
 * @example
 * const emulator = await createLambdaEmulator()
 * const arn = emulator.deploy({ name: 'orders', entry: 'handlers/orders.ts' })
 * const client = new LambdaClient({ endpoint: emulator.endpoint, region: 'eu-west-1', … })
 */
export interface LambdaEmulator {
  /** For `AWS_ENDPOINT_URL_LAMBDA`. */
  readonly endpoint: string
  readonly events: EventEmitter<EmulatorEvents>
  /** Deploys one more version, and returns its qualified ARN. */
  deploy(spec: FunctionSpec): string
  /** Reserves concurrency for a function; 0 throttles every call, `Infinity` none. */
  setConcurrency(functionName: string, limit: number): void
  /** Starts worker processes of the newest version ahead of the first calls. */
  warm(functionName: string, workers: number): Promise<void>
  /** Ends a function's idle worker processes, so that its next call is a cold start. */
  retireIdle(functionName: string): Promise<void>
  running(functionName?: string): RunningInvoke[]
  /** Ends workers in mid-run by SIGKILL; their callers get Runtime.ExitError. */
  kill(functionName: string, which?: Which): RunningInvoke[]
  /** Stops workers in mid-run (SIGSTOP): a zombie, once `thaw` lets it go on. */
  freeze(functionName: string, which?: Which): RunningInvoke[]
  thaw(functionName: string, which?: Which): RunningInvoke[]
  /** Cuts the callers' connections; the handlers go on. */
  disconnect(functionName: string, which?: Which): RunningInvoke[]
  /** Spoils the next `times` (1) calls of the function. */
  injectFault(functionName: string, fault: Fault, times?: number): void
  statistics(functionName: string): FunctionStatistics
  resetStatistics(functionName: string): void
  close(): Promise<void>
}

/** Starts an emulator; `close` ends it and all its worker processes, as does the end of this process. */
export async function createLambdaEmulator(
  options: LambdaEmulatorOptions = {},
): Promise<LambdaEmulator> {
  const emulator = new Emulator(options)
  await emulator.listen(options.port ?? 0)
  return emulator
}

class Emulator implements LambdaEmulator {
  readonly events: EventEmitter<EmulatorEvents> = new EventEmitter<EmulatorEvents>()
  readonly #functions = new Map<string, DeployedFunction>()
  readonly #running = new RunningInvokes()
  readonly #options: LambdaEmulatorOptions
  readonly #server: Server
  #endpoint = ''

  constructor(options: LambdaEmulatorOptions) {
    this.#options = options
    const invoker = new Invoker({
      functions: this.#functions,
      running: this.#running,
      events: this.events,
      accountConcurrency: options.accountConcurrency ?? defaultAccountConcurrency,
      retryAfterSeconds: options.retryAfterSeconds ?? 1,
    })
    this.#server = createInvokeServer((call) => invoker.invoke(call))
    process.once('exit', this.#killWorkers)
  }

  get endpoint(): string {
    return this.#endpoint
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, '127.0.0.1', resolve)
    })
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    this.#endpoint = `http://127.0.0.1:${address.port}`
  }

  deploy(spec: FunctionSpec): string {
    const fn = this.#functions.get(spec.name) ?? new DeployedFunction(spec.name)
    const { isolation, coldStartMs, concurrentPerProcess, environment } = this.#options
    const resolved = resolveFunction(spec, spec.version ?? fn.nextVersion, {
      isolation: isolation ?? 'process',
      coldStartMs: coldStartMs ?? 0,
      concurrentPerProcess: concurrentPerProcess ?? 1,
      environment: environment ?? {},
    })
    fn.add(resolved, () => this.#createWorker(resolved))
    if (spec.concurrency !== undefined) fn.limit(spec.concurrency)
    this.#functions.set(spec.name, fn)
    return resolved.arn
  }

  setConcurrency(functionName: string, limit: number): void {
    this.#get(functionName).limit(limit)
  }

  async warm(functionName: string, workers: number): Promise<void> {
    await this.#get(functionName).find()?.pool.warm(workers)
  }

  async retireIdle(functionName: string): Promise<void> {
    await Promise.all(this.#get(functionName).versions.map(({ pool }) => pool.retireIdle()))
  }

  running(functionName?: string): RunningInvoke[] {
    return this.#running.list(functionName)
  }

  kill(functionName: string, which?: Which): RunningInvoke[] {
    return this.#signal(functionName, which, 'SIGKILL')
  }

  freeze(functionName: string, which?: Which): RunningInvoke[] {
    return this.#signal(functionName, which, 'SIGSTOP')
  }

  thaw(functionName: string, which: Which = 'all'): RunningInvoke[] {
    return this.#signal(functionName, which, 'SIGCONT')
  }

  disconnect(functionName: string, which: Which = 'oldest'): RunningInvoke[] {
    const selected = this.#running.select(functionName, which)
    for (const { cut } of selected) cut()
    return selected.map(({ invoke }) => invoke)
  }

  injectFault(functionName: string, fault: Fault, times = 1): void {
    this.#get(functionName).faults.add(fault, times)
  }

  statistics(functionName: string): FunctionStatistics {
    return this.#get(functionName).statistics.snapshot()
  }

  resetStatistics(functionName: string): void {
    this.#get(functionName).statistics.reset()
  }

  async close(): Promise<void> {
    process.off('exit', this.#killWorkers)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    const processes = this.#processes()
    this.#killWorkers()
    await Promise.all([closed, ...processes.map(({ gone }) => gone)])
  }

  #createWorker(spec: ResolvedFunction): Worker {
    if (spec.isolation === 'inline') return new InlineWorker(spec)
    return new ProcessWorker(spec, this.#options.output ?? 'ignore')
  }

  #signal(functionName: string, which: Which = 'oldest', signal: WorkerSignal): RunningInvoke[] {
    const selected = this.#running.select(functionName, which)
    for (const { worker } of selected) worker.signal(signal)
    return selected.map(({ invoke }) => invoke)
  }

  #get(functionName: string): DeployedFunction {
    const fn = this.#functions.get(functionName)
    if (fn === undefined) throw new Error(`no function ${functionName} is deployed`)
    return fn
  }

  #processes(): readonly Worker[] {
    const versions = [...this.#functions.values()].flatMap((fn) => fn.versions)
    return versions.flatMap(({ pool }) => pool.processes)
  }

  readonly #killWorkers = (): void => {
    for (const worker of this.#processes()) worker.signal('SIGKILL')
  }
}
