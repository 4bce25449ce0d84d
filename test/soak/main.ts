import { fileURLToPath } from 'node:url'
import { commandLine, numberOf } from '../support/command-line.ts'
import { runSoak, type SoakReport } from './run.ts'

// Real parts, many users, and all that goes wrong; the history is held against the invariants.
const { values } = commandLine({
  options: {
    minutes: { type: 'string', default: '2' },
    /** Acts per second. */
    rate: { type: 'string', default: '10' },
    replicas: { type: 'string', default: '2' },
    /** Of what users do and what goes wrong; when it does, the machine decides. */
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
})
const [minutes, rate] = [
  numberOf('minutes', values.minutes, 0.1),
  numberOf('rate', values.rate, 0.1),
]
const [replicas, seed] = [numberOf('replicas', values.replicas, 1), numberOf('seed', values.seed)]

const report = await runSoak({
  troubleMs: minutes * 60_000,
  rate,
  replicas,
  seed,
  patienceMs: 300_000,
  directory: fileURLToPath(new URL('../../.cache/soak', import.meta.url)),
  onProgress: (line) => console.log(line),
})
show(report)
process.exit(report.violations.length > 0 ? 1 : 0)

function show({ violations, acts, struck, events, ...rest }: SoakReport): void {
  const list = (counts: ReadonlyMap<string, number>) =>
    [...counts].map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`).join('\n')
  const { invocations, attempts, effects, requests, calmMs, historyFile } = rest
  console.log(
    [
      `What users did:\n${list(acts)}`,
      `What went wrong:\n${list(struck)}`,
      `What was recorded:\n${list(events)}`,
      `${invocations} invocations in ${attempts} attempts, ${effects} effects outside, asked for ${requests} times`,
      `All was over ${(calmMs / 1_000).toFixed(1)} s after the last trouble`,
      `History: ${historyFile}`,
      violations.length === 0
        ? `Sound (seed ${values.seed})`
        : `NOT SOUND (seed ${values.seed}):\n${violations.slice(0, 50).join('\n')}`,
    ].join('\n\n'),
  )
}
