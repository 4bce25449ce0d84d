import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { textOf } from '@fermata/lambda-runtime/table'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { type Transport, transports } from './support/functions.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

const word = 'hush-hush'
const large = `${word} large `.repeat(60_000)
const key = () => randomBytes(32).toString('base64')
const [k1, k2] = [key(), key()]
const first = { current: 'k1', keys: { k1 } }
const rotated = { current: 'k2', keys: { k1, k2 } }

requirePart('dynamodb-local')('payloads that are sealed and kept elsewhere', () => {
  describe.each(transports)('over %s', sealedPayloads)
})

function sealedPayloads(transport: Transport): void {
  let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
  let directory: string
  let system: System
  let orchestrator: OrchestratorUnderTest

  const payloads = (encryption: object) => ({
    payloads: { blobs: { kind: 'files', directory }, encryption },
  })
  const keys = (encryption: object) => ({ FERMATA_PAYLOAD_KEYS: JSON.stringify(encryption) })

  beforeAll(async () => {
    database = await startDynamoDbLocal()
    directory = await mkdtemp(join(tmpdir(), 'fermata-payloads-'))
    system = await createSystem({ dynamodb: database.endpoint })
    orchestrator = await system.start({ config: payloads(first) })
    await system.register(orchestrator, 'secrets', { environment: keys(first), transport })
  })
  afterAll(async () => {
    await system?.close()
    await database?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  function send(path: string, input: unknown): Promise<InvocationId> {
    const headers = { 'x-tenant': `${word} header` }
    return eventually(`${path} is accepted`, async () => {
      const { status, body } = await orchestrator.call(`${path}/send`, input, headers)
      return status === 202 ? (body as { invocationId: InvocationId }).invocationId : undefined
    })
  }

  const suspended = (id: InvocationId) =>
    eventually('it is suspended', async () => {
      const { status } = await orchestrator.invocation(id)
      return status === 'suspended' ? true : undefined
    })

  /** All that an operator could read: items as text, unpacked where they are compressed, and blobs. */
  async function readable(): Promise<readonly string[]> {
    const client = new DynamoDBClient({
      endpoint: database.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
    const texts: string[] = []
    let start: ScanCommand['input']['ExclusiveStartKey']
    do {
      const page = await client.send(
        new ScanCommand({ TableName: system.table, ExclusiveStartKey: start }),
      )
      for (const item of page.Items ?? []) texts.push(showItem(item))
      start = page.LastEvaluatedKey
    } while (start !== undefined)
    client.destroy()
    for (const file of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) texts.push(await readFile(join(file.parentPath, file.name), 'latin1'))
    }
    return texts
  }

  it('leave nothing to read in the table or the blobs, and are plain over HTTP', async () => {
    const id = await send('secrets/whisper', { text: `${word} input`, large })
    await suspended(id)
    const signalled = await orchestrator.call(`invocations/${id}/signals/go`, `${word} signal`)
    expect(signalled.status).toBe(204)
    const run = await send('release/r1/run', `${word} plan`)
    await suspended(run)
    expect((await orchestrator.call('release/r1/decide', 'yes')).status).toBe(204)

    expect((await orchestrator.outputOf(run)).body).toBe(
      `${word} output: ${word} plan, ${word} promise yes`,
    )
    expect((await orchestrator.outputOf(id)).body).toEqual({
      result: `${word} result of ${word} input`,
      copied: true,
      signal: `${word} signal`,
      header: `${word} header`,
      stored: expect.objectContaining({ header: `${word} call header` }),
      failed: `TerminalError: ${word} step failure`,
    })
    expect((await orchestrator.call('vault/v1/read', null)).body).toEqual({
      note: `${word} state ${word} result of ${word} input`,
      book: `${word} large state `.length * 20_000,
    })
    const failed = await orchestrator.call('secrets/fails', null)
    expect(failed).toMatchObject({ status: 418, body: { detail: `${word} final failure` } })
    // Lambda tells what a process died of; a server that dies is only missed.
    if (transport === 'lambda') {
      expect((await orchestrator.call('secrets/crash', null)).body).toBe('recovered')
    }

    const texts = await readable()
    expect(texts.filter((text) => text.includes(word))).toEqual([])
    // It was all there to be found: the scan saw journals, state, a promise, and blobs.
    for (const sign of ['J#secrets#', 'O#vault#', 'P#release#', '"sealed":']) {
      expect(texts.filter((text) => text.includes(sign)).length, sign).toBeGreaterThan(0)
    }
  })

  it('are opened with an old key after another one has become current', async () => {
    const id = await send('secrets/whisper', { text: `${word} input`, large })
    await suspended(id)
    await orchestrator.stop()
    orchestrator = await system.start({ config: payloads(rotated) })
    await orchestrator.call(`invocations/${id}/signals/go`, 'after')
    // Its function has the old key alone, and cannot open what the orchestrator seals now.
    const paused = await eventually('it is paused', async () => {
      const view = await orchestrator.invocation(id)
      return view.status === 'paused' ? view : undefined
    })
    expect(paused.failure).toMatchObject({
      code: 'payload-key-unknown',
      message: expect.stringContaining('"k2"'),
    })
    const functions = await system.register(orchestrator, 'secrets', {
      version: '2',
      environment: keys(rotated),
      transport,
    })
    const { body } = await orchestrator.post('deployments', functions.registration)
    const deployment = (body as { id: string }).id
    await orchestrator.post(`invocations/${id}/resume`, { deployment })
    expect((await orchestrator.outputOf(id)).body).toMatchObject({ copied: true, signal: 'after' })
  })
}

function showItem(item: Readonly<Record<string, { B?: Uint8Array }>>): string {
  const packed = Object.values(item).flatMap(({ B }) => (B === undefined ? [] : [B]))
  return [JSON.stringify(item), ...packed.map((B) => textOf('item', { B }))].join('\n')
}
