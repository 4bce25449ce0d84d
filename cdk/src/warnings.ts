import { RemovalPolicy } from 'aws-cdk-lib'
import type { ClusterBinding } from './kafka/cluster-binding.ts'
import type { OrchestratorProps } from './orchestrator-props.ts'

type Warning = readonly [code: string, text: string]

/** What works, but perhaps not as one would wish. */
export function warningsOf(
  props: OrchestratorProps,
  kafka: Readonly<Record<string, ClusterBinding>>,
): readonly Warning[] {
  const { scaling = {}, removalPolicy, table, cpu, stopTimeout } = props
  const found: (Warning | undefined)[] = [
    (scaling.minTasks ?? 2) < 2
      ? [
          'singleTask',
          'With one task nothing goes on for about a minute when it dies or is replaced. Nothing is lost',
        ]
      : undefined,
    removalPolicy === RemovalPolicy.DESTROY && table === undefined
      ? ['tableRemoved', 'The table, and every invocation in it, is deleted with the stack']
      : undefined,
    2 * (scaling.maxTasks ?? 10) > shardsOf(props)
      ? [
          'fewShards',
          'A deployment starts as many tasks again, and one that gets no shard of the agenda does nothing and never becomes ready: raise `settings.agenda.shards` before the first deployment, or take fewer tasks',
        ]
      : undefined,
    (cpu ?? 1024) < 512
      ? ['smallTask', 'A quarter of a core may be too slow for its own heartbeats under load']
      : undefined,
    (stopTimeout?.toSeconds() ?? 120) < 60
      ? ['shortStop', 'A task that is stopped has little time to finish what is under way']
      : undefined,
    table !== undefined
      ? [
          'givenTable',
          'Of a given table it is not known here whether its time to live is the attribute "ttl", and whether it can be recovered to a point in time: see to both',
        ]
      : undefined,
    ...Object.entries(kafka).map(([name, { document }]) => plainCluster(name, document)),
  ]
  return found.filter((one) => one !== undefined)
}

/** As the configuration will have it. */
function shardsOf({ settings }: OrchestratorProps): number {
  const { shards } = (settings?.['agenda'] ?? {}) as { readonly shards?: number }
  return shards ?? 32
}

function plainCluster(
  name: string,
  { ssl, sasl }: ClusterBinding['document'],
): Warning | undefined {
  if (ssl) return undefined
  if (sasl === undefined) {
    return [
      'plainKafka',
      `Records of the cluster "${name}" are read without encryption: see \`tls\``,
    ]
  }
  return [
    'plainPassword',
    `The password for the cluster "${name}" is sent without encryption: see \`tls\``,
  ]
}
