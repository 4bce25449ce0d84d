import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { Engine } from '@fermata/orchestrator/engine/engine'
import { Chance } from './chance.ts'
import type { Fault } from './faults.ts'
import { isUnderWay, violationsOf } from './oracles.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import type { Act, Answer, Stage } from './story.ts'
import { answerMs, recoveryMs, stepMs, troubleMs } from './times.ts'
import { Universe } from './universe.ts'

export type Play = {
  readonly seed: number
  /** Only these faults strike; all that the seed has, if absent. */
  readonly only?: ReadonlySet<string>
  /** Acts that are left out, by number. */
  readonly without?: ReadonlySet<number>
  /** Statements of programs that are left out, by name. */
  readonly cut?: ReadonlySet<string>
}

export type Outcome = {
  readonly seed: number
  /** Of everything that happened, in order. */
  readonly hash: string
  readonly violations: readonly string[]
  readonly faults: readonly Fault[]
  readonly acts: number
  readonly statements: readonly string[]
  readonly stories: readonly string[]
  readonly simulatedMs: number
  readonly timeline: (lines: number) => string
}

/** Plays a seed out: trouble, then calm, then everything is held against the oracles. */
export async function simulate({ seed, only, without, cut }: Play): Promise<Outcome> {
  const scenario = scenarioOf(seed)
  const statements = scenario.stories.flatMap((story) => story.statements ?? [])
  if (cut !== undefined) for (const story of scenario.stories) story.leaveOut?.(cut)
  const universe = new Universe(scenario, only)
  const real = { fetch: globalThis.fetch, stackTraceLimit: Error.stackTraceLimit }
  globalThis.fetch = universe.outside.fetch as typeof fetch
  // Stacks name this machine's folders, and they are journalled.
  Error.stackTraceLimit = 0
  const run = new Run(universe, scenario, without ?? new Set())
  try {
    await universe.begin()
    await run.trouble()
    await run.calm()
    const violations = await violationsOf(universe, scenario)
    return {
      seed,
      hash: universe.history.digest(),
      violations: [...run.violations(), ...violations],
      faults: universe.faults.struck,
      acts: scenario.acts.length,
      statements,
      stories: scenario.stories.map(({ name }) => name),
      simulatedMs: universe.now(),
      timeline: (lines) => universe.history.timeline(lines),
    }
  } finally {
    globalThis.fetch = real.fetch
    Error.stackTraceLimit = real.stackTraceLimit
    await universe.end()
  }
}

class Run implements Stage {
  readonly universe: Universe
  readonly #scenario: Scenario
  readonly #chance: Chance
  #acts: readonly Act[]
  #ticking = false
  /** Under way. */
  readonly #begun = new Set<Act>()
  readonly #said = new Set<Act>()

  constructor(universe: Universe, scenario: Scenario, without: ReadonlySet<number>) {
    this.universe = universe
    this.#scenario = scenario
    this.#chance = new Chance(scenario.seed + 1)
    this.#acts = scenario.acts.filter((_, index) => !without.has(index))
  }

  now(): number {
    return this.universe.now()
  }

  async trouble(): Promise<void> {
    const { universe } = this
    while (this.now() < troubleMs && !this.#isOver()) {
      await universe.replaceTheDead(troubleMs)
      universe.disturb()
      this.#act()
      await universe.world.clock.advance(stepMs)
    }
  }

  /** Nothing goes wrong any more: what was accepted must come to its end. */
  async calm(): Promise<void> {
    const { universe } = this
    universe.faults.end()
    if (this.#scenario.endsInBlackout) universe.blackout()
    await universe.replaceTheDead()
    const begun = this.now()
    while (this.now() < begun + recoveryMs) {
      universe.isCalm = this.now() >= universe.unrestUntil
      await universe.replaceTheDead()
      this.#act()
      if (universe.isCalm && this.#isOver()) return
      await universe.world.clock.advance(1_000)
    }
  }

  violations(): readonly string[] {
    const left = this.#acts.map(({ what }) => `INV-10: nobody answered to who ${what}`)
    const open = this.#scenario.stories
      .filter((story) => story.isOver?.(this.universe) === false)
      .map(({ name }) => `INV-10: not all ${name} have come to an end`)
    return [...left, ...open]
  }

  /** Asks any replica; what does not answer, or not well, is asked again another time. */
  readonly ask = async <T>(question: (engine: Engine) => Promise<T>): Promise<Answer<T>> => {
    const { living, world } = this.universe
    const one = living[this.#chance.below(living.length)]
    if (one === undefined) return undefined
    const answered = question(one.replica.engine).then(
      (value): Answer<T> => ({ value }),
      (error: unknown): Answer<T> => ({ code: codeOf(error) }),
    )
    const patience = new AbortController()
    const late = world.clock.sleep(answerMs, patience.signal).then(() => undefined)
    const answer = await Promise.race([answered, late])
    patience.abort()
    return answer
  }

  /** Whatever is due now begins, all at once. */
  #act(): void {
    const due = this.#acts.filter(({ at }) => at <= this.now())
    for (const act of due) this.#begin(act)
    if (this.#ticking) return
    this.#ticking = true
    const ticks = this.#scenario.stories.map((story) => story.tick?.(this))
    void Promise.all(ticks).finally(() => {
      this.#ticking = false
    })
  }

  #begin(act: Act): void {
    if (this.#begun.has(act)) return
    this.#begun.add(act)
    if (!this.#said.has(act)) this.universe.history.add('person', act.what)
    this.#said.add(act)
    void act.play(this).then((isDone) => {
      this.#begun.delete(act)
      if (isDone) this.#acts = this.#acts.filter((one) => one !== act)
    })
  }

  /** Every act is done, every journal is closed, and every story has what it waits for. */
  #isOver(): boolean {
    if (this.#acts.length > 0) return false
    const { stored, world } = this.universe
    for (const segments of stored.values()) {
      if (!segments.some(({ entries }) => entries.some(({ kind }) => kind === 'output'))) {
        return false
      }
    }
    for (const { head, slots } of world.table.objects.values()) {
      const done = head === undefined ? 0 : (JSON.parse(head) as { done: number }).done
      if (done < Math.max(0, ...slots.keys())) return false
    }
    const isLeft = this.#scenario.stories.some((story) => story.isOver?.(this.universe) === false)
    return !isLeft && !isUnderWay(this.universe)
  }
}

function codeOf(error: unknown): string {
  return error instanceof FermataError ? error.code : 'unknown'
}
