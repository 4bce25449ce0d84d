import type { OrchestratorUnderTest } from '../test/integration/support/orchestrator-under-test.ts'
import { cpuMsOf } from './process-cpu.ts'
import type { Rig } from './rig.ts'
import { quantile, round } from './statistics.ts'

export type IngressResult = {
  readonly steps: number
  readonly clients: number
  readonly invocations: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU of the orchestrator process, ms per invocation. */
  readonly cpuMs: number
  readonly lambdaInvocations: number
}

export const scenarios: readonly { steps: number; clients: number; invocations: number }[] = [
  { steps: 0, clients: 1, invocations: 300 },
  { steps: 3, clients: 1, invocations: 300 },
  { steps: 10, clients: 1, invocations: 150 },
  { steps: 0, clients: 64, invocations: 3_000 },
  { steps: 3, clients: 64, invocations: 2_000 },
  { steps: 10, clients: 64, invocations: 1_000 },
]

/** Calls a handler over the ingress, again and again, and waits for each output. */
export async function benchIngress(
  rig: Rig,
  orchestrator: OrchestratorUnderTest,
  scenario: (typeof scenarios)[number],
): Promise<IngressResult> {
  const { steps, clients, invocations } = scenario
  await load(orchestrator, steps, clients, Math.ceil(invocations / 10))
  const lambdaBefore = rig.lambda.statistics('bench').invocations
  const cpuBefore = await cpuMsOf(orchestrator.pid)
  const start = performance.now()
  const latencies = await load(orchestrator, steps, clients, invocations)
  const seconds = (performance.now() - start) / 1_000
  const cpuMs = (await cpuMsOf(orchestrator.pid)) - cpuBefore
  return {
    ...scenario,
    perSecond: round(invocations / seconds, 0),
    p50Ms: round(quantile(latencies, 0.5)),
    p99Ms: round(quantile(latencies, 0.99)),
    cpuMs: round(cpuMs / invocations, 2),
    lambdaInvocations: rig.lambda.statistics('bench').invocations - lambdaBefore,
  }
}

async function load(
  orchestrator: OrchestratorUnderTest,
  steps: number,
  clients: number,
  invocations: number,
): Promise<readonly number[]> {
  const latencies: number[] = []
  let left = invocations
  const client = async () => {
    while (left > 0) {
      left -= 1
      const start = performance.now()
      const { status, body } = await orchestrator.call('bench/steps', steps)
      if (status !== 200 || body !== steps) throw new Error(`${status} ${JSON.stringify(body)}`)
      latencies.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return latencies
}
