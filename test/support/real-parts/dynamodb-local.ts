import { join } from 'node:path'
import { withFreePorts } from './free-ports.ts'
import { startGuardedStore } from './guarded-store.ts'
import { findJava } from './java.ts'
import { fetchJars } from './maven-jars.ts'
import type { RunningStore } from './running-store.ts'

/**
 * Starts DynamoDB Local 2.6 in memory on a free port of 127.0.0.1. It knows PartiQL batches and
 * transactions. The first time its jars are fetched by Maven into `.cache/`.
 *
 * @throws MissingPartError without Java, or without Maven the first time
 */
export async function startDynamoDbLocal(): Promise<RunningStore> {
  const java = findJava('dynamodb-local')
  const jars = await fetchJars('dynamodb-local')
  const virtualMachine = ['-Xmx512m', '-XX:+UseSerialGC', `-Djava.library.path=${jars}`]
  const program = [
    '-cp',
    join(jars, '*'),
    'com.amazonaws.services.dynamodbv2.local.main.ServerRunner',
  ]
  const flags = ['-inMemory', '-sharedDb', '-disableTelemetry']
  return withFreePorts(1, ([port = 0]) =>
    startGuardedStore(port, {
      command: java,
      args: [...virtualMachine, ...program, ...flags, '-port', String(port)],
    }),
  )
}
