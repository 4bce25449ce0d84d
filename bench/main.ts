/** `npm run bench`: what an invocation takes, in time and CPU. Prints one table and writes `bench-results.json`. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { benchDrain, type DrainResult } from './drain-bench.ts'
import { benchIngress, type IngressResult, scenarios } from './ingress-bench.ts'
import { createRig, defaultStore, type StoreName } from './rig.ts'
import { benchSdk, type SdkResult } from './sdk-bench.ts'

const { values: options } = parseArgs({
  options: {
    store: { type: 'string' },
    out: { type: 'string', default: 'bench-results.json' },
    'no-kafka': { type: 'boolean', default: false },
  },
})

const say = (text: string) => void process.stdout.write(`${text}\n`)

async function main(): Promise<void> {
  const store = (options.store ?? defaultStore()) as StoreName
  say(`store ${store}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}`)
  const sdk = await benchSdk()
  const rig = await createRig(store)
  try {
    const orchestrator = await rig.orchestrator({ limits: { running: 500, perFunction: 500 } })
    const ingress: IngressResult[] = []
    for (const scenario of scenarios) ingress.push(await benchIngress(rig, orchestrator, scenario))
    await orchestrator.stop()
    const drain = options['no-kafka'] ? [] : await benchDrain(rig)
    print(ingress, drain, sdk)
    const result = {
      at: new Date().toISOString(),
      node: process.version,
      store,
      cpus: cpus().length,
      ingress,
      drain,
      sdk,
    }
    await writeFile(options.out, `${JSON.stringify(result, undefined, 2)}\n`)
    say(`written to ${options.out}`)
  } finally {
    await rig.close()
  }
}

function print(
  ingress: readonly IngressResult[],
  drain: readonly DrainResult[],
  sdk: SdkResult,
): void {
  const rows = [
    ['what', 'clients', 'per second', 'p50 ms', 'p99 ms', 'CPU ms each', 'Lambda invocations each'],
    ...ingress.map((one) => [
      `HTTP, ${one.steps} steps`,
      one.clients,
      one.perSecond,
      one.p50Ms,
      one.p99Ms,
      one.cpuMs,
      (one.lambdaInvocations / one.invocations).toFixed(2),
    ]),
    ...drain.map((one) => [
      `Kafka drain, cap ${one.limits}`,
      `peak ${one.peakConcurrency}`,
      Math.round(one.records / one.seconds),
      `${one.seconds} s`,
      `ideal ${one.idealSeconds} s`,
      one.cpuMs,
      `${one.throttles} × 429`,
    ]),
    ['SDK in a cold start', '', '', `${sdk.importMs} ms`, `${sdk.gzipBytes} B gzip`, '', ''],
  ].map((row) => row.map(String))
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of rows)
    say(row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join('  '))
}

await main()
