import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { FermataError } from '@fermata/orchestrator/domain/errors'
import type { Engine } from '@fermata/orchestrator/engine/engine'
import { encodeValue } from '../../lambda-runtime/src/values.ts'
import type { Play } from '../programs/interpreter.ts'
import { until } from '../unit/engine/world.ts'
import type { Fault } from './faults.ts'
import { type Submitted, violationsOf } from './oracles.ts'
import { type Act, type Deed, type Scenario, troubleMs } from './scenario.ts'
import { topic, Universe } from './universe.ts'

export type Outcome = {
  readonly seed: number
  /** Of everything that happened, in order. */
  readonly hash: string
  readonly violations: readonly string[]
  readonly faults: readonly Fault[]
  readonly simulatedMs: number
  readonly timeline: (lines: number) => string
}

/** Simulated time after the last fault within which everything must have come to its end. */
const recoveryMs = 900_000
const answerMs = 3_000

/** Plays a scenario out: trouble, then calm, then everything is held against the oracles. */
export async function simulate(scenario: Scenario, only?: ReadonlySet<number>): Promise<Outcome> {
  const universe = new Universe({ scenario, ...(only !== undefined && { only }) })
  const realFetch = globalThis.fetch
  globalThis.fetch = universe.outside.fetch as typeof fetch
  const run = new Run(universe, scenario)
  try {
    await universe.begin()
    await run.trouble()
    await run.calm()
    const violations = await violationsOf(universe, scenario, run.submitted)
    return {
      seed: scenario.seed,
      hash: universe.history.digest(),
      violations: [...run.violations, ...violations],
      faults: universe.faults.struck,
      simulatedMs: run.now(),
      timeline: (lines) => universe.history.timeline(lines),
    }
  } finally {
    for (const { replica } of universe.living) replica.kill()
    globalThis.fetch = realFetch
  }
}

type Open = { readonly program: number; id: InvocationId | undefined; readonly deeds: Deed[] }

class Run {
  readonly violations: string[] = []
  readonly #universe: Universe
  readonly #scenario: Scenario
  readonly #programs: Open[] = []
  readonly #completed = new Set<string>()
  readonly #startedAt: number
  #acts: readonly Act[]

  constructor(universe: Universe, scenario: Scenario) {
    this.#universe = universe
    this.#scenario = scenario
    this.#acts = scenario.acts
    this.#startedAt = universe.world.clock.now()
  }

  now(): number {
    return this.#universe.world.clock.now() - this.#startedAt
  }

  get submitted(): readonly Submitted[] {
    return this.#programs.flatMap(({ program, id, deeds }) =>
      id === undefined ? [] : [{ program, id, deeds }],
    )
  }

  async trouble(): Promise<void> {
    const universe = this.#universe
    const end = this.now() + troubleMs
    while (this.now() < end) {
      await this.#replaceTheDead()
      universe.spoilInvoker()
      await universe.stallSome()
      await universe.deploy()
      await this.#act()
      await this.#completeAwakeables()
      await universe.world.clock.advance(250)
    }
  }

  /** Nothing goes wrong any more: what was accepted must come to its end. */
  async calm(): Promise<void> {
    this.#universe.faults.end()
    await this.#universe.world.clock.advance(130_000)
    await this.#replaceTheDead()
    const end = this.now() + recoveryMs
    while (this.now() < end) {
      await this.#act()
      await this.#completeAwakeables()
      await this.#resumePaused()
      if (this.#acts.length === 0 && (await this.#isQuiet())) return
      await this.#universe.world.clock.advance(1_000)
    }
  }

  async #replaceTheDead(): Promise<void> {
    while (this.#universe.living.length < 2) await this.#universe.startReplica()
  }

  async #act(): Promise<void> {
    for (const act of this.#acts.filter(({ at }) => at <= this.now())) {
      if (await this.#do(act)) this.#acts = this.#acts.filter((one) => one !== act)
    }
  }

  #do(act: Act): Promise<boolean> {
    switch (act.kind) {
      case 'submit':
        return this.#submit(act.program)
      case 'produce':
        return this.#produce(act.key, act.value)
      case 'person':
        return this.#person(act.program, act.does)
      default:
        return act satisfies never
    }
  }

  async #submit(program: number): Promise<boolean> {
    const input: Play = { program: this.#scenario.programs[program] ?? [], path: `p${program}` }
    const submitted = await this.#ask(({ ingress }) =>
      ingress.submit({
        target: { service: 'interpreter', handler: 'play' },
        input: encodeValue(input),
        headers: {},
        idempotencyKey: `program ${program}`,
        delayMs: undefined,
      }),
    )
    if (submitted === undefined) return false
    this.#programs.push({ program, id: submitted.invocationId, deeds: [] })
    return true
  }

  async #produce(key: string, value: number): Promise<boolean> {
    const { log } = this.#universe
    const partition = key.charCodeAt(0) % this.#scenario.partitions
    log.produce(topic, { partition, key, value: JSON.stringify(value) })
    return true
  }

  async #person(program: number, does: Deed): Promise<boolean> {
    const open = this.#programs.find((one) => one.program === program)
    const id = open?.id
    if (open === undefined || id === undefined) return false
    // It may arrive though its answer does not.
    open.deeds.push(does)
    this.#universe.history.add('person', `${does} ${id}`)
    await this.#ask(async ({ admin }) => {
      if (does === 'cancel') await admin.cancel(id, undefined)
      else if (does === 'kill') await admin.kill(id, undefined)
      else if (does === 'pause') await admin.pause(id, undefined)
      else await admin.restart(id, { from: undefined, idempotencyKey: 'again' })
      return true
    })
    return true
  }

  async #resumePaused(): Promise<void> {
    for (const { id, deeds } of this.submitted) {
      if (!deeds.includes('pause')) continue
      await this.#ask(async ({ admin }) => {
        await admin.resume(id)
        return true
      })
    }
  }

  async #completeAwakeables(): Promise<void> {
    for (const { key, body } of this.#universe.outside.effects) {
      if (!isAsked(body) || this.#completed.has(key)) continue
      const outcome = { kind: 'value', value: { json: body.value } } as const
      const done = await this.#ask(async ({ ingress }) => {
        await ingress.completeAwakeable(body.awakeable, outcome).catch(unlessTooLate)
        return true
      })
      if (done !== undefined) this.#completed.add(key)
    }
  }

  /** Every journal is closed, and all records have been taken. */
  async #isQuiet(): Promise<boolean> {
    for (const segments of this.#universe.stored.values()) {
      const isOver = segments.some(({ entries }) => entries.some(({ kind }) => kind === 'output'))
      if (!isOver) return false
    }
    const records = this.#scenario.acts.filter(({ kind }) => kind === 'produce').length
    const noted = this.#universe.outside.effects.filter(({ key }) => key.startsWith('ledger '))
    return noted.length >= records && this.#universe.stored.size > 0
  }

  /** Asks any replica; what does not answer, or not well, is asked again another time. */
  async #ask<T>(question: (engine: Engine) => Promise<T>): Promise<T | undefined> {
    const { living, world } = this.#universe
    const one = living[this.#universe.below(living.length)]
    if (one === undefined) return undefined
    let answer: T | undefined
    let isOver = false
    question(one.replica.engine).then(
      (value) => {
        answer = value
        isOver = true
      },
      () => {
        isOver = true
      },
    )
    await until(world.clock, () => isOver, answerMs).catch(() => undefined)
    return answer
  }
}

/** Whoever asks again, or comes when all is over, has done what he could. */
function unlessTooLate(error: unknown): void {
  const codes: readonly string[] = ['awakeable-completed', 'awakeable-not-found']
  if (!(error instanceof FermataError && codes.includes(error.code))) throw error
}

function isAsked(body: unknown): body is { readonly awakeable: string; readonly value: number } {
  return typeof body === 'object' && body !== null && 'awakeable' in body
}
