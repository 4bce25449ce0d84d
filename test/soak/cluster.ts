import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type {
  Answer,
  OrchestratorUnderTest,
} from '../integration/support/orchestrator-under-test.ts'
import type { System } from '../integration/support/system.ts'
import type { Chance } from '../simulation/chance.ts'
import { rest } from './rest.ts'

const mostTries = 5

/** Replicas that come and go, as a client behind a load balancer sees them. */
export class Cluster {
  readonly living: OrchestratorUnderTest[] = []
  readonly #system: System
  readonly #chance: Chance

  constructor(system: System, chance: Chance) {
    this.#system = system
    this.#chance = chance
  }

  /** One more. Where it does not become ready, there was too much trouble at once: another one is tried. */
  async add(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.living.push(await this.#system.start())
        return
      } catch (error) {
        if (tries === mostTries) throw error
      }
    }
  }

  /** It is not asked any more. */
  take(): OrchestratorUnderTest | undefined {
    const [taken] = this.living.splice(this.#chance.below(this.living.length), 1)
    return taken
  }

  /** Sends an invocation, again and again under one key until it is accepted. */
  async send(path: string, input: unknown, key: string): Promise<InvocationId> {
    const headers = { 'idempotency-key': key }
    const { body } = await this.until([202], (replica) =>
      replica.call(`${path}/send`, input, headers),
    )
    return (body as { readonly invocationId: InvocationId }).invocationId
  }

  /** Asks any replica, until one answers with one of these. */
  async until(
    statuses: readonly number[],
    ask: (replica: OrchestratorUnderTest) => Promise<Answer>,
  ): Promise<Answer> {
    for (;;) {
      const replica = this.living[this.#chance.below(this.living.length)]
      const answer = replica && (await ask(replica).catch(() => undefined))
      if (answer !== undefined && statuses.includes(answer.status)) return answer
      await rest(200)
    }
  }
}
