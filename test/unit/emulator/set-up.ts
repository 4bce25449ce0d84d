import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { onTestFinished } from 'vitest'
import type { FunctionSpec } from '../../emulator/function-spec.ts'
import {
  createLambdaEmulator,
  type LambdaEmulator,
  type LambdaEmulatorOptions,
} from '../../emulator/lambda-emulator.ts'

const fixtures: URL = new URL('../../emulator/fixtures/handlers.ts', import.meta.url)

/** What a caller sees of one invoke. */
export interface Reply {
  readonly status: number | undefined
  readonly version: string | undefined
  readonly functionError: string | undefined
  readonly body: unknown
}

export interface SetUp {
  readonly emulator: LambdaEmulator
  readonly client: LambdaClient
  /** Deploys a fixture as function `f`. */
  deploy(fixture: string, spec?: Partial<FunctionSpec>): string
  invoke(FunctionName: string, event?: unknown, input?: Partial<InvokeCommandInput>): Promise<Reply>
}

/** An emulator of the test's own, and the real client to call it with. */
export async function setUp(options: LambdaEmulatorOptions = {}): Promise<SetUp> {
  const emulator = await createLambdaEmulator(options)
  onTestFinished(() => emulator.close())
  const client = new LambdaClient({
    endpoint: emulator.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
    maxAttempts: 1,
    // The client's own limit would be 50.
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: 500 } },
  })
  onTestFinished(() => client.destroy())
  return {
    emulator,
    client,
    deploy: (fixture, spec) =>
      emulator.deploy({ name: 'f', entry: fixtures, export: fixture, timeoutMs: 30_000, ...spec }),
    invoke: (name, event, input) => invoke(client, name, event, input),
  }
}

async function invoke(
  client: LambdaClient,
  FunctionName: string,
  event?: unknown,
  input: Partial<InvokeCommandInput> = {},
): Promise<Reply> {
  const payload = event === undefined ? {} : { Payload: JSON.stringify(event) }
  const output = await client.send(new InvokeCommand({ FunctionName, ...payload, ...input }))
  const text = output.Payload?.transformToString() ?? ''
  return {
    status: output.StatusCode,
    version: output.ExecutedVersion,
    functionError: output.FunctionError,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

/** A folder that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fermata-emulator-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A module with that source, for what could not be a file of this repository. */
export async function writeModule(source: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'module.mjs')
  await writeFile(path, source)
  return path
}

/** Waits for the function's next invoke to begin. */
export function nextStart(emulator: LambdaEmulator): Promise<void> {
  return new Promise((resolve) => emulator.events.once('invokeStarted', () => resolve()))
}
