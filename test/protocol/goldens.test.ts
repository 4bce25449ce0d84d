import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  awakeableId,
  childIdFor,
  childInvocationId,
  decodeInvokeReply,
  decodeManifest,
  decodeRequest,
  decodeSegment,
  decodeSegmentJson,
  entryKinds,
  idempotentId,
  keyOf,
  parseAwakeableId,
  parseInvocationId,
  serviceOf,
  workflowRunId,
} from '../../lambda-runtime/src/protocol/index.ts'
import { goldenFolder } from './golden-files.ts'
import { goldens, ids, invocation, segments } from './samples.ts'

const linesOf = (name: string): readonly string[] =>
  readFileSync(join(goldenFolder, `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')

const [anySegment] = segments

/** How a golden of each family is read. */
const readers: Readonly<Record<string, (message: unknown) => unknown>> = {
  entry: (entry) => decodeSegment({ ...anySegment, entries: [entry] }).entries[0],
  request: decodeRequest,
  segment: decodeSegment,
  reply: decodeInvokeReply,
  manifest: decodeManifest,
  ids: (stored) => stored,
}

describe('the goldens of this protocol version', () => {
  it('are all there, and no others', () => {
    expect(readdirSync(goldenFolder).sort()).toEqual(
      [...goldens.keys()].map((name) => `${name}.jsonl`).sort(),
    )
    for (const kind of entryKinds) expect(goldens.has(`entry.${kind}`), kind).toBe(true)
  })

  it.each([...goldens])('%s: what was stored reads as what it was', (name, samples) => {
    const read = readers[name.split('.')[0] ?? '']
    const lines = linesOf(name)
    expect(lines.map((line) => read?.(JSON.parse(line)))).toEqual(samples)
  })

  it.each([...goldens])('%s: what is read is written as it was, byte by byte', (name, samples) => {
    const read = readers[name.split('.')[0] ?? '']
    const lines = linesOf(name)
    expect(lines.map((line) => JSON.stringify(read?.(JSON.parse(line))))).toEqual(lines)
    expect(samples.map((sample) => JSON.stringify(sample))).toEqual(lines)
  })

  it('read alike from text', () => {
    expect(linesOf('segment').map(decodeSegmentJson)).toEqual(segments)
  })
})

describe('a reader', () => {
  it('passes over members that it does not know', () => {
    const line: object = JSON.parse(linesOf('segment')[0] ?? '')
    expect(decodeSegment({ ...line, future: 1 })).toEqual(anySegment)
  })

  it.each([
    ['request', decodeRequest, 'request.invoke'],
    ['reply', decodeInvokeReply, 'reply'],
    ['manifest', decodeManifest, 'manifest'],
    ['journal segment', decodeSegment, 'segment'],
  ])('refuses another version of a %s, and says which', (what, decode, golden) => {
    const message: object = JSON.parse(linesOf(golden)[0] ?? '')
    expect(() => decode({ ...message, protocol: 2 })).toThrow(
      expect.objectContaining({
        code: 'protocol-version',
        message: `This ${what} speaks protocol 2, this side speaks 1: upgrade the older side`,
      }),
    )
  })

  it('names the place of what is wrong', () => {
    const [{ entries } = { entries: [] }] = segments
    const wrong = { ...anySegment, entries: [...entries, { kind: 'sleep', op: -1, wakeAt: 0 }] }
    expect(() => decodeSegment(wrong)).toThrow(/^Not a valid journal segment: entries\.2\.op: /)
    expect(() => decodeSegment('text')).toThrow(/^Not a valid journal segment: \(whole\): /)
    expect(() => decodeSegmentJson('{')).toThrow('Not a valid journal segment: it is not JSON')
  })
})

describe('ids', () => {
  it('that are derived are ids, and name their service', () => {
    for (const id of Object.values(ids)) expect(parseInvocationId(id)).toBe(id)
    expect(serviceOf(invocation)).toBe('orders')
    expect(keyOf(invocation)).toBeUndefined()
  })

  it('of objects and workflows name their key', () => {
    const id = parseInvocationId(ids['of a child with a key'] ?? '')
    expect(serviceOf(id)).toBe('cart')
    expect(keyOf(id)).toBe('customer 7/ü')
  })

  it('of a workflow are one for its run, and as many as there are calls for other handlers', () => {
    const by = { parent: invocation, op: 1, idempotencyKey: undefined }
    const run = { service: 'signup', key: 'a', handler: 'run' }
    expect(childIdFor(run, by)).toBe(workflowRunId(run))
    expect(childIdFor(run, { ...by, op: 2 })).toBe(workflowRunId(run))
    const verify = { ...run, handler: 'verify' }
    expect(workflowRunId(verify)).toBeUndefined()
    expect(childIdFor(verify, by)).toBe(childInvocationId(verify, invocation, 1))
    const { key: _, ...service } = run
    expect(workflowRunId(service)).toBeUndefined()
  })

  it('with an idempotency key do not depend on who asks', () => {
    const target = { service: 'orders', handler: 'process' }
    const one = childIdFor(target, { parent: invocation, op: 1, idempotencyKey: 'k' })
    expect(one).toBe(idempotentId(target, 'k'))
    expect(one).not.toBe(idempotentId({ ...target, handler: 'refund' }, 'k'))
  })

  it('of awakeables name invocation and op', () => {
    expect(parseAwakeableId(awakeableId(invocation, 7))).toEqual({ invocation, op: 7 })
  })

  it.each([
    ['', 'orders', `orders.${'0'.repeat(25)}`, `orders.${'u'.repeat(26)}`, `1.${'0'.repeat(26)}`],
    [`${invocation} `, `${invocation}\n`, invocation.toUpperCase(), `a/${invocation}`],
  ])('that are none are refused: %j, …', (...texts) => {
    for (const text of texts) {
      expect(() => parseInvocationId(text)).toThrow(
        expect.objectContaining({ code: 'bad-invocation-id' }),
      )
    }
  })

  it.each([
    [invocation],
    [`${invocation}.`],
    [`${invocation}.x`],
    [`orders.1`],
    [`${invocation}.1234567890`],
    [''],
  ])('of awakeables that are none are refused: %j', (text) => {
    expect(() => parseAwakeableId(text)).toThrow(
      expect.objectContaining({ code: 'bad-awakeable-id' }),
    )
  })
})
