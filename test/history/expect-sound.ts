import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { describeEvent, encodeHistory } from './lines.ts'
import type { Recorder } from './recorder.ts'

export type SoundOptions = {
  /** All must have come to its end, or does so in time. True by default. */
  readonly atRest?: boolean
  readonly withinMs?: number
}

const directory = fileURLToPath(new URL('../../.cache/histories/', import.meta.url))
const lookEveryMs = 200

/** Holds what was recorded against the ledger's rules; where it is not sound, the history is kept in a file. */
export async function expectSound(recorder: Recorder, options: SoundOptions = {}): Promise<void> {
  const violations = await violationsOf(recorder, options)
  const told = violations.length === 0 ? '' : await tell(recorder, violations)
  expect(violations, told).toEqual([])
}

/** What is wrong with the history, once all that is under way has had its time. */
export async function violationsOf(
  recorder: Recorder,
  { atRest = true, withinMs = 90_000 }: SoundOptions,
): Promise<readonly string[]> {
  const end = performance.now() + withinMs
  for (;;) {
    await recorder.read()
    const { events, ledger, violations } = recorder
    if (events.length === 0) return ['nothing was recorded']
    if (violations.length > 0 || !atRest) return [...violations, ...ledger.closed()]
    const open = ledger.atRest()
    if (open.length === 0 || performance.now() > end) return open
    await delay(lookEveryMs)
  }
}

async function tell({ events }: Recorder, violations: readonly string[]): Promise<string> {
  await mkdir(directory, { recursive: true })
  const file = `${directory}${Date.now()}-${process.pid}.jsonl`
  await writeFile(file, encodeHistory(events))
  const words = violations.slice(0, 10).flatMap((violation) => violation.split(' '))
  const names = new Set(words.filter((word) => word.length > 20))
  const lines = events
    .map(describeEvent)
    .filter((line) => [...names].some((name) => line.includes(name)))
  return [...violations.slice(0, 10), '', ...lines.slice(-60), '', `All of it: ${file}`].join('\n')
}
