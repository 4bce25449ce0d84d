import type { LambdaEmulator } from '../test/emulator/lambda-emulator.ts'
import type { Replica } from './orchestrators/replica.ts'
import { plural } from './terminal/style.ts'

/** Something that was killed while it worked. */
export interface Kill {
  readonly victim: 'function' | 'orchestrator'
  /** Epoch ms. */
  readonly at: number
  readonly text: string
}

export interface ChaosOptions {
  readonly emulator: LambdaEmulator
  readonly functionName: string
  /** The orchestrator to be killed. */
  readonly victim: Replica
  /** With which charge, counted from 1, each of the two goes. */
  readonly functionDiesAt: number
  readonly orchestratorDiesAt: number
  readonly onKill: (kill: Kill) => void
}

/** Kills in the worst moment: money has moved, and nobody has been told yet. */
export class Chaos {
  readonly #options: ChaosOptions
  readonly #kills: Kill[] = []
  #charges = 0

  constructor(options: ChaosOptions) {
    this.#options = options
  }

  get kills(): readonly Kill[] {
    return this.#kills
  }

  /** The payment provider has booked a charge and not answered yet. */
  onCharge({ order, key }: { readonly order: string; readonly key: string }): void {
    this.#charges += 1
    if (this.#charges === this.#options.functionDiesAt) this.#killFunction(order, key)
    if (this.#charges === this.#options.orchestratorDiesAt) this.#killOrchestrator()
  }

  #killFunction(order: string, key: string): void {
    const { emulator, functionName } = this.#options
    const invocation = key.slice(0, key.indexOf('/'))
    const [killed] = emulator.kill(functionName, ({ payload }) => payload.includes(invocation))
    if (killed === undefined) return
    this.#book(
      'function',
      `killed function "${functionName}" (pid ${killed.pid}): the charge of ${order} is booked, and nobody heard`,
    )
  }

  #killOrchestrator(): void {
    const { emulator, victim } = this.#options
    const running = emulator.running().length
    void victim.kill()
    this.#book(
      'orchestrator',
      `killed orchestrator ${victim.name} (pid ${victim.pid}) by SIGKILL, ${plural(running, 'handler')} running`,
    )
  }

  #book(victim: Kill['victim'], text: string): void {
    const kill = { victim, at: Date.now(), text }
    this.#kills.push(kill)
    this.#options.onKill(kill)
  }
}
