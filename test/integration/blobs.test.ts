import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startDynamoDbLocal } from '../support/real-parts/dynamodb-local.ts'
import { type RunningMinistack, startMinistack } from '../support/real-parts/ministack.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import type { OrchestratorUnderTest } from './support/orchestrator-under-test.ts'
import { createSystem, eventually, type System } from './support/system.ts'

const bucket = 'fermata-blobs'
/** More than a request to Lambda carries. */
const text = 'as large as can be '.repeat(450_000)

requirePart('dynamodb-local')('values over the limit', () => {
  requirePart('ministack')('in S3', () => {
    let database: Awaited<ReturnType<typeof startDynamoDbLocal>>
    let ministack: RunningMinistack
    let system: System
    let orchestrator: OrchestratorUnderTest

    beforeAll(async () => {
      ;[database, ministack] = await Promise.all([startDynamoDbLocal(), startMinistack()])
      await fetch(`${ministack.endpoint}/${bucket}`, { method: 'PUT' })
      const { endpoint } = ministack
      const blobs = { kind: 's3', bucket, prefix: 'p/', region: 'us-east-1', endpoint }
      system = await createSystem({ dynamodb: database.endpoint, config: { payloads: { blobs } } })
      orchestrator = await system.start()
      await system.register(orchestrator, 'secrets')
    })
    afterAll(async () => {
      await system?.close()
      await Promise.all([database?.stop(), ministack?.stop()])
    })

    const list = async () => (await fetch(`${ministack.endpoint}/${bucket}?list-type=2`)).text()

    it('values go through that neither an item nor a request can hold', async () => {
      const { status, body } = await orchestrator.call('secrets/echo', text)
      expect({ status, same: body === text }).toEqual({ status: 200, same: true })
      // Input and output are one blob: what they hold names it.
      expect((await list()).match(/<Key>p\/journal\/secrets\/[0-9a-f]{64}<\/Key>/g)?.length).toBe(1)
    })

    it('a blob that somebody has deleted ends its invocation, and says so', async () => {
      const { body } = await orchestrator.call('secrets/whisper/send', { text: '', large: text })
      const { invocationId: id } = body as { invocationId: InvocationId }
      await eventually('it is suspended', async () => {
        const { status } = await orchestrator.invocation(id)
        return status === 'suspended' ? true : undefined
      })
      for (const [, name] of (await list()).matchAll(/<Key>([^<]+)<\/Key>/g)) {
        await fetch(`${ministack.endpoint}/${bucket}/${name}`, { method: 'DELETE' })
      }
      await orchestrator.call(`invocations/${id}/signals/go`, 'now')
      expect(await orchestrator.outputOf(id)).toMatchObject({ body: { code: 'payload-missing' } })
    })
  })
})
