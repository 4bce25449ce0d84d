import { deriveInvocationId, type InvokeRequest } from '@fermata/lambda-runtime/protocol'
import { createTableJournal, encodeStateItem } from '@fermata/lambda-runtime/table'
import { expect, test } from 'vitest'
import type { HandlerJournal } from '../../../lambda-runtime/src/replay/ports.ts'

const id = deriveInvocationId('orders', ['1'])
const retentionMs = 1_000_000

function requestFor(channel: Partial<InvokeRequest['channel']>): InvokeRequest {
  return {
    protocol: 1,
    kind: 'invoke',
    invocation: id,
    target: { service: 'orders', handler: 'process' },
    epoch: 1,
    attempt: 1,
    journal: [
      {
        protocol: 1,
        n: 0,
        born: 'life',
        epoch: 1,
        by: 'orchestrator',
        writer: 'w',
        at: 5_000,
        entries: [
          {
            kind: 'created',
            target: { service: 'orders', handler: 'process' },
            input: { void: true },
            headers: {},
            origin: { kind: 'http' },
            retentionMs,
          },
        ],
      },
    ],
    expires: 2_000_000,
    channel: { kind: 'dynamodb', table: 'fermata', region: 'eu-west-1', ...channel },
  }
}

/** Records what would be sent, and answers with nothing found and everything done. */
function recordingJournal(
  request: InvokeRequest,
  environment: Readonly<Record<string, string>> = {},
): { readonly journal: HandlerJournal; readonly sent: { url: string; body: unknown }[] } {
  const sent: { url: string; body: unknown }[] = []
  const credentials = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' }
  const journal = createTableJournal(request, {
    environment: () => ({ ...credentials, ...environment }),
    async fetch(url, init) {
      sent.push({ url: String(url), body: JSON.parse(String(init?.body)) })
      return new Response('{}')
    },
  })
  return { journal, sent }
}

test.each([
  [
    'as the orchestrator says',
    { endpoint: 'http://here:1' },
    { AWS_ENDPOINT_URL: 'http://no' },
    'http://here:1/',
  ],
  [
    'by its own variable',
    {},
    { AWS_ENDPOINT_URL_DYNAMODB: 'http://d', AWS_ENDPOINT_URL: 'http://all' },
    'http://d/',
  ],
  ['by the common variable', {}, { AWS_ENDPOINT_URL: 'http://all' }, 'http://all/'],
  ['in its region', { region: 'eu-central-1' }, {}, 'https://dynamodb.eu-central-1.amazonaws.com/'],
  ['in China', { region: 'cn-north-1' }, {}, 'https://dynamodb.cn-north-1.amazonaws.com.cn/'],
])('a handler finds the table %s', async (_title, channel, environment, expected) => {
  const { journal, sent } = recordingJournal(requestFor(channel), environment)
  await journal.tail(1)

  expect(sent.map(({ url }) => url)).toEqual([expected])
})

test('a handler reads what follows, consistently', async () => {
  const { journal, sent } = recordingJournal(requestFor({}))

  expect(await journal.tail(3)).toEqual([])
  expect(sent[0]?.body).toEqual({
    TableName: 'fermata',
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND sk >= :sk',
    ExpressionAttributeValues: { ':pk': { S: `J#orders#${id}` }, ':sk': { S: '000000000003' } },
  })
})

test('a handler reads a large value of its key’s state, consistently', async () => {
  const place = { service: 'orders', key: 'k 1', name: 'big', slot: 3 }
  const { service, key } = place
  const sent: unknown[] = []
  const target = { service, key, handler: 'process' }
  const journal = createTableJournal(
    { ...requestFor({}), target },
    {
      environment: () => ({ AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' }),
      async fetch(_, init) {
        sent.push(JSON.parse(String(init?.body)))
        const found = sent.length === 1 ? [encodeStateItem(place, { json: 'large' })] : []
        return new Response(JSON.stringify({ Items: found }))
      },
    },
  )

  expect(await journal.stateValue('big', 3)).toEqual({ json: 'large' })
  expect(await journal.stateValue('big', 4)).toBeUndefined()
  expect(sent[0]).toEqual({
    TableName: 'fermata',
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND sk = :sk',
    ExpressionAttributeValues: {
      ':pk': { S: 'O#orders#k 1' },
      ':sk': { S: 's#big#000000000003' },
    },
  })
})

test('a segment outlives segment 0 even if the journal was re-stamped since (trace 17)', async () => {
  const { journal, sent } = recordingJournal(requestFor({}))
  const at = 1_900_000
  const handlers = { epoch: 1, by: 'handler', writer: 'h', entries: [] } as const
  await journal.append({ protocol: 1, n: 1, born: 'life', at, ...handlers })

  const restamped = (at + retentionMs) / 1_000
  expect(sent[0]?.body).toMatchObject({ ConditionExpression: 'attribute_not_exists(pk)' })
  const put = sent[0]?.body as { Item: { ttl: { N: string } } } | undefined
  expect(Number(put?.Item.ttl.N)).toBeGreaterThan(restamped)
})

test('that holds where other entries stand before the one that created it, too', async () => {
  const request = requestFor({})
  const [first] = request.journal
  if (first === undefined) throw new Error('A journal has a first segment')
  const news = { kind: 'cancel' } as const
  const journal = [
    { ...first, entries: [news] },
    { ...first, n: 1 },
  ]
  const { journal: handlers, sent } = recordingJournal({ ...request, journal })
  const at = 1_900_000
  await handlers.append({ ...first, n: 2, at, by: 'handler', entries: [] })

  const put = sent[0]?.body as { Item: { ttl: { N: string } } } | undefined
  expect(Number(put?.Item.ttl.N)).toBeGreaterThan((at + retentionMs) / 1_000)
})

test('a request without segment 0 is refused', () => {
  expect(() => createTableJournal({ ...requestFor({}), journal: [] })).toThrow(
    expect.objectContaining({ name: 'ProtocolError' }),
  )
})
