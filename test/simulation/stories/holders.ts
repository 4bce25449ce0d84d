import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { gaveBy, type Stage, type Story, submit } from '../story.ts'
import type { Universe } from '../universe.ts'

const answer = 7

/** Somebody is asked, shows signs of life for a while, and then answers or falls silent. */
export function holders(chance: Chance, mostMs: number): Story {
  const person = new Person(chance.happens(0.6), chance.below(12_000))
  let id: InvocationId | undefined
  return {
    name: 'holders',
    acts: [
      {
        at: chance.below(mostMs),
        what: 'submits a holder',
        play: async (stage) => {
          const target = { service: 'holder', handler: 'hold' }
          id = await submit(stage, { target, input: 'h', key: 'holder' })
          return id !== undefined
        },
      },
    ],
    tick: (stage) => person.live(stage),
    violations: (universe) =>
      id === undefined ? [] : person.violations(universe, gaveBy(universe, id)),
  }
}

class Person {
  readonly #answers: boolean
  readonly #answersAfterMs: number
  #heardAt: number | undefined
  #beatAt = 0
  /** Whether the answer was taken: `perhaps` where nobody said so. */
  #taken: 'surely' | 'perhaps' | 'no' = 'no'

  constructor(answers: boolean, answersAfterMs: number) {
    this.#answers = answers
    this.#answersAfterMs = answersAfterMs
  }

  async live(stage: Stage): Promise<void> {
    const asked = stage.universe.told.find(({ key }) => key === 'hold h')
    if (asked === undefined || this.#taken === 'surely') return
    const { held } = asked.body as { readonly held: string }
    this.#heardAt ??= stage.now()
    if (stage.now() - this.#heardAt < this.#answersAfterMs) await this.#beat(stage, held)
    else if (this.#answers) await this.#answer(stage, held)
  }

  async #beat(stage: Stage, held: string): Promise<void> {
    if (stage.now() - this.#beatAt < 1_000) return
    this.#beatAt = stage.now()
    await stage.ask(({ ingress }) => ingress.heartbeat(held))
  }

  async #answer({ ask }: Stage, held: string): Promise<void> {
    const outcome = { kind: 'value', value: { json: answer } } as const
    const wasAsked = this.#taken === 'perhaps'
    this.#taken = 'perhaps'
    const said = await ask(({ ingress }) => ingress.completeAwakeable(held, outcome, 'one key'))
    if (said !== undefined && 'value' in said) this.#taken = 'surely'
    else if (said?.code === 'awakeable-completed' && !wasAsked) this.#taken = 'no'
  }

  violations({ isUndisturbed }: Universe, value: unknown): readonly string[] {
    const isHeard = isUndisturbed && this.#answers
    if (value !== answer && (this.#taken === 'surely' || isHeard)) {
      return [`the answer was given in time, and it had ${value}`]
    }
    if (!this.#answers && value !== 'silent') return [`nobody answered, and it had ${value}`]
    return value === answer || value === 'silent' ? [] : [`the holder had ${value}`]
  }
}
