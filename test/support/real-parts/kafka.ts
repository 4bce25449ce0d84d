import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { withFreePorts } from './free-ports.ts'
import { GuardedProcess } from './guarded-process.ts'
import { findJava } from './java.ts'
import { type BrokerFiles, prepareBrokerFiles } from './kafka-broker-files.ts'
import { fetchJars } from './maven-jars.ts'

const readyWithinMs = 120_000
const politeStopMs = 15_000

export interface KafkaOptions {
  /** Broker settings on top of ours, by their names in `server.properties`. */
  readonly settings?: Readonly<Record<string, string>>
  /** The broker's heap; 512 by default. */
  readonly heapMb?: number
}

export interface TopicSpec {
  readonly topic: string
  /** 1 by default. */
  readonly partitions?: number
  readonly settings?: Readonly<Record<string, string>>
}

/** A running broker. */
export interface RunningKafka {
  readonly brokers: readonly string[]
  /** Creates topics and returns when they can be written to. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>
  /** Stops the broker (`crash`: by SIGKILL) and starts it again on the same port and data. */
  restart(options?: { readonly crash?: boolean }): Promise<void>
  /** Ends the broker and removes its data. */
  stop(): Promise<void>
}

/**
 * Starts one Apache Kafka 4.1 node (KRaft) on a free port of 127.0.0.1, with a data folder of its
 * own. The first time its jars are fetched by Maven into `.cache/`.
 *
 * @throws MissingPartError without Java, or without Maven the first time
 */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const java = findJava('kafka')
  const jars = await fetchJars('kafka')
  return withFreePorts(2, async ([broker = 0, controller = 0]) => {
    const ports = { broker, controller }
    const overrides = options.settings ?? {}
    const files = await prepareBrokerFiles({ java, jars, ports, overrides })
    const address = `127.0.0.1:${broker}`
    const launch = () => launchBroker({ java, jars, files, heapMb: options.heapMb ?? 512, address })
    return runningKafka(address, await launch(), launch)
  })
}

function runningKafka(
  address: string,
  first: GuardedProcess,
  launch: () => Promise<GuardedProcess>,
): RunningKafka {
  let broker = first
  return {
    brokers: [address],
    createTopics: (topics) => createTopics(address, topics),
    async restart({ crash = false } = {}) {
      await broker.end(crash ? {} : { graceMs: politeStopMs })
      broker = await launch()
    },
    // The data is thrown away, so there is nothing for a polite stop to save.
    stop: () => broker.dispose(),
  }
}

interface BrokerLaunch {
  readonly java: string
  readonly jars: string
  readonly files: BrokerFiles
  readonly heapMb: number
  readonly address: string
}

async function launchBroker(launch: BrokerLaunch): Promise<GuardedProcess> {
  const { java, jars, files, heapMb, address } = launch
  const virtualMachine = [`-Xmx${heapMb}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const program = ['-cp', join(jars, '*'), 'kafka.Kafka', files.configuration]
  const broker = new GuardedProcess({
    command: java,
    args: [...virtualMachine, logging, ...program],
    dataDirectory: files.directory,
  })
  try {
    await broker.waitUntilReady(() => probe(address), readyWithinMs)
    return broker
  } catch (error) {
    await broker.dispose()
    throw error
  }
}

function connect(address: string, retries: number): Kafka {
  return new Kafka({
    clientId: 'fermata-real-parts',
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    retry: { retries, initialRetryTime: 50, maxRetryTime: 500 },
  })
}

async function probe(address: string): Promise<void> {
  const admin = connect(address, 0).admin()
  try {
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    if (brokers.length === 0) throw new Error('the broker has not registered yet')
  } finally {
    await admin.disconnect()
  }
}

async function createTopics(address: string, topics: readonly TopicSpec[]): Promise<void> {
  const admin = connect(address, 20).admin()
  try {
    await admin.connect()
    await admin.createTopics({
      waitForLeaders: true,
      topics: topics.map(({ topic, partitions = 1, settings = {} }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: 1,
        configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
      })),
    })
  } finally {
    await admin.disconnect()
  }
}
