import { createMemoryHandlerJournal } from '@fermata/orchestrator/adapters/memory/memory-handler-journal'
import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import type { JournalStore, ObjectStore } from '@fermata/orchestrator/ports'
import { definitionsByName, type RuntimeDefinition } from '../../lambda-runtime/src/definition.ts'
import type { Definition } from '../../lambda-runtime/src/index.ts'
import { manifestOf } from '../../lambda-runtime/src/manifest.ts'
import { createAttemptPayloads } from '../../lambda-runtime/src/payload/attempt-payloads.ts'
import {
  decodeRequest,
  type InvokeReply,
  type InvokeRequest,
} from '../../lambda-runtime/src/protocol/index.ts'
import type { HandlerHost, HandlerJournal } from '../../lambda-runtime/src/replay/ports.ts'
import { type AttemptDeps, runAttempt } from '../../lambda-runtime/src/replay/run-attempt.ts'
import type { PayloadCodec } from '../../lambda-runtime/src/types/payload-codec.ts'
import type { VirtualClock, VirtualProcess } from '../support/sim-clock.ts'
import type { CrashPoint, Death } from './crash-plan.ts'
import { observed } from './observed-context.ts'

export type FunctionDeps = {
  readonly clock: VirtualClock
  readonly journals: JournalStore
  /** For values of state that are read when they are needed. */
  readonly objects?: ObjectStore
  /** `true`: it dies, and its platform says so. */
  readonly plan: { strikes(point: CrashPoint, request: InvokeRequest): Death | boolean | undefined }
  readonly timeoutMs: number
  /** What everything stored goes through. */
  readonly codec?: PayloadCodec
  /** What names its attempts; all of the process's are one line, if absent. */
  readonly nonce?: () => string
  /** By how much the wall clock of each is ahead; 0, if absent. */
  readonly wallOffsetMs?: (request: InvokeRequest) => number
  /** It may also die wherever its handler has used `ctx`. */
  readonly observes?: boolean
}

let nonces = 0

/**
 * A function that runs real handlers, each attempt in a process of its own. It may die before and after each of its
 * steps and appends, and before it answers; then nothing more comes of it.
 */
export function functionOf(definitions: readonly Definition[], deps: FunctionDeps): FunctionCode {
  const byName = definitionsByName(definitions)
  const manifest = manifestOf(definitions)
  return (event) => {
    const request = decodeRequest(event)
    if (request.kind === 'discover') return manifest
    return new Promise((resolve, reject) => {
      const attempt = new FunctionProcess(deps, request, reject)
      attempt.answer(byName).then(resolve, reject)
    })
  }
}

class FunctionProcess {
  readonly #deps: FunctionDeps
  readonly #request: InvokeRequest
  readonly #process: VirtualProcess
  readonly #died: (error: Error) => void
  readonly #endsAt: number
  /** What the handler has done since the last turn. */
  readonly #used: string[] = []

  constructor(deps: FunctionDeps, request: InvokeRequest, died: (error: Error) => void) {
    this.#deps = deps
    this.#request = request
    this.#process = deps.clock.process({ wallOffsetMs: deps.wallOffsetMs?.(request) ?? 0 })
    this.#died = died
    this.#endsAt = this.#process.clock.now() + deps.timeoutMs
  }

  async answer(definitions: ReadonlyMap<string, RuntimeDefinition>): Promise<InvokeReply> {
    const { observes, codec } = this.#deps
    const served = observes ? observed(definitions, (name) => this.#used.push(name)) : definitions
    const reply = await runAttempt(this.#request, served, {
      host: this.#host(),
      journal: (of) => this.#journal(of),
      around: { run: ({ name }, next) => this.#step(name, next) },
      ...(codec !== undefined && { payloads: createAttemptPayloads({ codec: () => codec }) }),
    } satisfies AttemptDeps)
    await this.#passes(`before the reply ${reply.status.kind}`)
    return reply
  }

  /** Resolves if the process is still alive behind this point; otherwise never. */
  async #passes(name: string): Promise<void> {
    const death = this.#deps.plan.strikes({ where: 'function', name }, this.#request)
    if (death) this.#die(death)
    await this.#process.guard({ pass: async () => undefined }).pass()
  }

  #die(death: Death | true): void {
    if (death !== 'lives-on') this.#process.kill()
    if (death === 'unheard') return
    this.#died(new Error('Runtime exited with error: signal: killed'))
  }

  async #step(name: string, next: () => Promise<unknown>): Promise<unknown> {
    await this.#passes(`before step ${name}`)
    try {
      return await next()
    } finally {
      await this.#passes(`after step ${name}`)
    }
  }

  /** All that the handler does between two turns, nobody else sees before the second: to die there is one case. */
  async #drained(): Promise<void> {
    await this.#deps.clock.turn()
    const used = this.#used.splice(0)
    if (used.length > 0) await this.#passes(`after ctx.${used.join(', ctx.')}`)
  }

  #host(): HandlerHost {
    const { clock } = this.#process
    const turns = this.#process.guard({ drained: () => this.#drained() })
    return {
      now: () => clock.now(),
      timer: (ms, fn) => clock.timer(ms, fn),
      drained: () => turns.drained(),
      nonce: this.#deps.nonce ?? (() => `f${nonces++}`),
      remainingMs: () => Math.max(0, this.#endsAt - clock.now()),
    }
  }

  #journal(request: InvokeRequest): HandlerJournal {
    const { journals, objects } = this.#deps
    const journal = this.#process.guard(createMemoryHandlerJournal(journals, request, objects))
    return {
      tail: (from) => journal.tail(from),
      stateValue: (name, slot) => journal.stateValue(name, slot),
      append: async (segment) => {
        const kinds = segment.entries.map(({ kind }) => kind).join(' ')
        await this.#passes(`before appending ${kinds}`)
        const answer = await journal.append(segment)
        await this.#passes(`after appending ${kinds}`)
        return answer
      },
    }
  }
}
