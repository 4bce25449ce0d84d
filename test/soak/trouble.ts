import type { LambdaEmulator } from '../emulator/lambda-emulator.ts'
import type { OrchestratorUnderTest } from '../integration/support/orchestrator-under-test.ts'
import { Chance } from '../simulation/chance.ts'
import type { Cluster } from './cluster.ts'
import { rest } from './rest.ts'

export const functionName = 'shop'

type Strike = () => void | Promise<void>

/** What goes wrong, drawn from a seed; when exactly it strikes, the machine decides. */
export class Trouble {
  /** How often each has struck. */
  readonly struck = new Map<string, number>()
  readonly #lambda: LambdaEmulator
  readonly #cluster: Cluster
  readonly #chance: Chance
  /** What strikes when; the same for the same seed, however long others take. */
  readonly #choice: Chance
  readonly #underWay = new Set<Promise<void>>()
  readonly #frozen = new Set<OrchestratorUnderTest>()
  #failure: unknown

  constructor(lambda: LambdaEmulator, cluster: Cluster, chance: Chance) {
    this.#lambda = lambda
    this.#cluster = cluster
    this.#chance = chance
    this.#choice = new Chance(chance.below(1_000_000))
  }

  strike(): void {
    const [name, strike] = this.#choice.one(this.#repertoire())
    this.struck.set(name, (this.struck.get(name) ?? 0) + 1)
    const work: Promise<void> = Promise.resolve()
      .then(strike)
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  /** From here on nothing goes wrong any more. @throws what went wrong with it */
  async end(): Promise<void> {
    for (const replica of this.#frozen) replica.thaw()
    this.#lambda.setConcurrency(functionName, Number.POSITIVE_INFINITY)
    await Promise.all(this.#underWay)
    this.#lambda.thaw(functionName, 'all')
    if (this.#failure !== undefined) throw this.#failure
    while (this.#cluster.living.length < 2) await this.#cluster.add()
  }

  #repertoire(): [readonly [string, Strike], ...(readonly [string, Strike])[]] {
    const spoil = (kind: 'drop-reply' | 'drop-request' | 'service-error' | 'throttle' | 'twin') =>
      this.#lambda.injectFault(functionName, { kind }, this.#chance.between(1, 3))
    return [
      ['replica killed', () => this.#replace((replica) => replica.kill())],
      ['replica killed', () => this.#replace((replica) => replica.kill())],
      ['replica stopped', () => this.#replace((replica) => replica.stop())],
      ['replica stalled', () => this.#stall()],
      ['replica stalled', () => this.#stall()],
      ['function killed', () => this.#killFunction()],
      ['function killed', () => this.#killFunction()],
      ['function stalled', () => this.#freezeFunction()],
      ['function stalled', () => this.#freezeFunction()],
      ['function stalled', () => this.#freezeFunction()],
      ['functions throttled', () => this.#throttle()],
      ['reply lost', () => spoil('drop-reply')],
      ['request lost', () => spoil('drop-request')],
      ['service error', () => spoil('service-error')],
      ['call throttled', () => spoil('throttle')],
      ['call delivered twice', () => spoil('twin')],
    ]
  }

  async #replace(end: (replica: OrchestratorUnderTest) => Promise<unknown>): Promise<void> {
    const replica = this.#cluster.take()
    if (replica === undefined) return
    if (this.#frozen.delete(replica)) replica.thaw()
    await end(replica)
    await rest(this.#chance.between(0, 1_500))
    await this.#cluster.add()
  }

  /** For longer than a lease, at times. */
  async #stall(): Promise<void> {
    const replica = this.#cluster.living[this.#chance.below(this.#cluster.living.length)]
    if (replica === undefined) return
    this.#frozen.add(replica)
    replica.freeze()
    await rest(this.#chance.between(200, 5_000))
    this.#frozen.delete(replica)
    replica.thaw()
  }

  #killFunction(): void {
    this.#lambda.kill(functionName, this.#some())
  }

  /** Where nobody waits for it any more, another attempt takes over: then it is a zombie. */
  async #freezeFunction(): Promise<void> {
    const frozen = new Set(this.#lambda.freeze(functionName, this.#some()).map(({ pid }) => pid))
    if (this.#chance.happens(0.8))
      this.#lambda.disconnect(functionName, ({ pid }) => frozen.has(pid))
    await rest(this.#chance.between(500, 8_000))
    this.#lambda.thaw(functionName, 'all')
  }

  async #throttle(): Promise<void> {
    this.#lambda.setConcurrency(functionName, 0)
    await rest(this.#chance.between(200, 1_500))
    this.#lambda.setConcurrency(functionName, Number.POSITIVE_INFINITY)
  }

  /** About one in three of what runs. */
  #some(): () => boolean {
    return () => this.#chance.happens(0.3)
  }
}
