import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { partCache } from './maven-jars.ts'
import { withProcessLock } from './process-lock.ts'

const run = promisify(execFile)

const clusterId = 'ZmVybWF0YS10ZXN0LWthZg'

export interface KafkaPorts {
  readonly broker: number
  readonly controller: number
}

export interface BrokerFiles {
  /** Temporary: holds the configuration and the log. */
  readonly directory: string
  readonly configuration: string
}

export interface BrokerFilesOptions {
  readonly java: string
  readonly jars: string
  readonly ports: KafkaPorts
  readonly overrides: Readonly<Record<string, string>>
}

/**
 * A formatted data folder with its configuration. Formatting takes a JVM about a second, and its
 * result depends on nothing but the version, so it is done once and copied.
 */
export async function prepareBrokerFiles(options: BrokerFilesOptions): Promise<BrokerFiles> {
  const template = await formattedTemplate(options)
  const directory = await mkdtemp(join(tmpdir(), 'fermata-kafka-'))
  const log = join(directory, 'log')
  await cp(template, log, { recursive: true })
  const configuration = join(directory, 'server.properties')
  await writeFile(configuration, properties(log, options.ports, options.overrides))
  return { directory, configuration }
}

async function formattedTemplate({ java, jars }: BrokerFilesOptions): Promise<string> {
  const template = join(partCache('kafka'), 'formatted')
  if (existsSync(template)) return template
  return withProcessLock(`${template}.lock`, async () => {
    if (!existsSync(template)) await format(java, jars, template)
    return template
  })
}

async function format(java: string, jars: string, template: string): Promise<void> {
  const scratch = `${template}.${process.pid}`
  const log = join(scratch, 'log')
  const configuration = join(scratch, 'server.properties')
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch, { recursive: true })
  await writeFile(configuration, properties(log, { broker: 9092, controller: 9093 }, {}))
  const tool = ['-cp', join(jars, '*'), 'kafka.tools.StorageTool']
  await run(java, [...tool, 'format', '-t', clusterId, '-c', configuration])
  await rename(log, template)
  await rm(scratch, { recursive: true, force: true })
}

function properties(
  logDirectory: string,
  ports: KafkaPorts,
  overrides: Readonly<Record<string, string>>,
): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.broker}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': logDirectory,
    // A topic exists because a test created it, never because someone mistyped its name.
    'auto.create.topics.enable': 'false',
    'default.replication.factor': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '2',
    'group.initial.rebalance.delay.ms': '0',
    // Lower bounds for what a consumer may ask: tests of lost members need short sessions.
    'group.min.session.timeout.ms': '1000',
    // After a crash the broker's earlier self must have lapsed before it is let in again.
    'broker.session.timeout.ms': '6000',
    'broker.heartbeat.interval.ms': '500',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.enable': 'false',
    ...overrides,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
