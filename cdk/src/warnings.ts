import { RemovalPolicy } from 'aws-cdk-lib'
import type { OrchestratorProps } from './orchestrator-props.ts'

type Warning = readonly [code: string, text: string]

/** What works, but perhaps not as one would wish. */
export function warningsOf(props: OrchestratorProps): readonly Warning[] {
  const { scaling = {}, removalPolicy, table, cpu, stopTimeout, encryptionKey } = props
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
    (cpu ?? 1024) < 512
      ? ['smallTask', 'A quarter of a core may be too slow for its own heartbeats under load']
      : undefined,
    (stopTimeout?.toSeconds() ?? 120) < 60
      ? ['shortStop', 'A task that is stopped has little time to finish what is under way']
      : undefined,
    table !== undefined && encryptionKey === undefined
      ? [
          'givenTable',
          'Of a given table it is not known here whether its time to live is the attribute "ttl", or whether a key of yours encrypts it: see to both',
        ]
      : undefined,
  ]
  return found.filter((one) => one !== undefined)
}
