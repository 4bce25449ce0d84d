import { createMemoryHandlerJournal } from '@fermata/orchestrator/adapters/memory/memory-handler-journal'
import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import type { JournalStore } from '@fermata/orchestrator/ports'
import { definitionsByName } from '../../lambda-runtime/src/definition.ts'
import type { Definition } from '../../lambda-runtime/src/index.ts'
import { manifestOf } from '../../lambda-runtime/src/manifest.ts'
import { decodeRequest, type InvokeRequest } from '../../lambda-runtime/src/protocol/index.ts'
import type { HandlerHost, HandlerJournal } from '../../lambda-runtime/src/replay/ports.ts'
import { runAttempt } from '../../lambda-runtime/src/replay/run-attempt.ts'
import type { VirtualClock, VirtualProcess } from '../support/sim-clock.ts'
import type { CrashPlan } from './crash-plan.ts'

export type FunctionDeps = {
  readonly clock: VirtualClock
  readonly journals: JournalStore
  readonly plan: CrashPlan
  readonly timeoutMs: number
}

let nonces = 0

/**
 * A function that runs real handlers, each attempt in a process of its own. It may die before and after each of its
 * steps and appends, and before it answers; then nothing more comes of it, and whoever invoked it is told.
 */
export function functionOf(definitions: readonly Definition[], deps: FunctionDeps): FunctionCode {
  const byName = definitionsByName(definitions)
  const manifest = manifestOf(definitions)
  return (event) => {
    const request = decodeRequest(event)
    if (request.kind === 'discover') return manifest
    return new Promise((resolve, reject) => {
      const attempt = new FunctionProcess(deps, reject)
      runAttempt(request, byName, {
        host: attempt.host(),
        journal: (of) => attempt.journal(of),
        around: {
          run: async ({ name }, next) => {
            await attempt.passes(`before step ${name}`)
            const value = await next()
            await attempt.passes(`after step ${name}`)
            return value
          },
        },
      }).then(async (reply) => {
        await attempt.passes(`before the reply ${reply.status.kind}`)
        resolve(reply)
      }, reject)
    })
  }
}

class FunctionProcess {
  readonly #deps: FunctionDeps
  readonly #process: VirtualProcess
  readonly #died: (error: Error) => void
  readonly #endsAt: number

  constructor(deps: FunctionDeps, died: (error: Error) => void) {
    this.#deps = deps
    this.#process = deps.clock.process()
    this.#died = died
    this.#endsAt = deps.clock.now() + deps.timeoutMs
  }

  /** Resolves if the process is still alive behind this point; otherwise never. */
  async passes(name: string): Promise<void> {
    if (this.#deps.plan.strikes({ where: 'function', name })) {
      this.#process.kill()
      this.#died(new Error('Runtime exited with error: signal: killed'))
    }
    await this.#process.guard({ pass: async () => undefined }).pass()
  }

  host(): HandlerHost {
    const { clock } = this.#process
    const turns = this.#process.guard({
      drained: () => new Promise<void>((resolve) => setImmediate(resolve)),
    })
    return {
      now: () => clock.now(),
      timer: (ms, fn) => clock.timer(ms, fn),
      drained: () => turns.drained(),
      nonce: () => `f${nonces++}`,
      remainingMs: () => Math.max(0, this.#endsAt - clock.now()),
    }
  }

  journal(request: InvokeRequest): HandlerJournal {
    const journal = this.#process.guard(createMemoryHandlerJournal(this.#deps.journals, request))
    return {
      ...journal,
      tail: (from) => journal.tail(from),
      append: async (segment) => {
        const kinds = segment.entries.map(({ kind }) => kind).join(' ')
        await this.passes(`before appending ${kinds}`)
        const answer = await journal.append(segment)
        await this.passes(`after appending ${kinds}`)
        return answer
      },
    }
  }
}
