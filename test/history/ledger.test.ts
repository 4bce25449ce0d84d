import { describe, expect, it } from 'vitest'
import type { Happening } from './events.ts'
import { Ledger } from './ledger.ts'
import { decodeHistory, describeEvent, encodeHistory } from './lines.ts'
import {
  attempt,
  committed,
  created,
  effect,
  head,
  historyOf,
  hour,
  order,
  output,
  position,
  ran,
  saleCreated,
  saleSlot,
  sales,
  segment,
  set,
  soundHistory,
  stock,
  till,
  topic,
  verdict,
  voted,
} from './sound-history.ts'

/** What is wrong at once, and what is when all is over. */
function judge(happenings: readonly Happening[]): readonly string[] {
  const ledger = new Ledger()
  const found = historyOf(happenings).flatMap((event) => ledger.take(event))
  return [...found, ...ledger.atRest()]
}

type Doctor = (history: readonly Happening[]) => readonly Happening[]

const indexOf = (history: readonly Happening[], what: Happening): number => {
  const index = history.findIndex((one) => JSON.stringify(one) === JSON.stringify(what))
  if (index < 0) throw new Error(`there is no ${JSON.stringify(what)}`)
  return index
}
const placeOf = (history: readonly Happening[], of: string, n: number): number =>
  history.findIndex((one) => one.what === 'segment' && one.invocation === of && one.segment.n === n)
const without =
  (what: Happening): Doctor =>
  (history) =>
    history.toSpliced(indexOf(history, what), 1)
const instead =
  (what: Happening, ...other: readonly Happening[]): Doctor =>
  (history) =>
    history.toSpliced(indexOf(history, what), 1, ...other)
const atEnd =
  (...what: readonly Happening[]): Doctor =>
  (history) => [...history, ...what]
/** Instead of the segment of this number. */
const insteadOf =
  (of: string, n: number, ...other: readonly Happening[]): Doctor =>
  (history) =>
    history.toSpliced(placeOf(history, of, n), 1, ...other)
const before =
  (of: string, n: number, ...what: readonly Happening[]): Doctor =>
  (history) =>
    history.toSpliced(placeOf(history, of, n), 0, ...what)

const cases: Readonly<Record<string, readonly [invariant: number, Doctor]>> = {
  'a segment is written over': [1, atEnd(segment(stock, 1, [output(8)]))],
  'a journal has a hole': [1, insteadOf(stock, 1, segment(stock, 2, [output(7)]))],
  'a life begins while another one lasts': [
    1,
    atEnd(segment(stock, 0, [created('stock', { kind: 'http' })], { born: 'other' })),
  ],
  'a zombie goes on': [2, insteadOf(order, 4, segment(order, 4, [ran(2, 'ship'), output(1)]))],
  'an attempt goes on after it has suspended': [
    2,
    before(order, 3, segment(order, 3, [ran(2, 'ship')])),
  ],
  'an epoch begins twice': [2, insteadOf(order, 3, segment(order, 3, [attempt(1)]))],
  'a twin goes on': [
    2,
    insteadOf(order, 2, segment(order, 2, [ran(2, 'ship')], { writer: 'twin' })),
  ],
  'a step begins before what its handler had in hand is durable': [
    3,
    before(order, 1, effect('ship', ['charge'])),
  ],
  'what was called is not there': [
    5,
    (history) => history.filter((one) => !(one.what === 'segment' && one.invocation === stock)),
  ],
  'somebody was called by nobody': [
    5,
    insteadOf(
      stock,
      0,
      segment(stock, 0, [
        created('stock', { kind: 'call', invocation: sales[0], op: 1 }),
        attempt(1),
      ]),
    ),
  ],
  'one key stands for two things': [5, atEnd(effect('charge', [], 'something else'))],
  'a result has no effect': [5, without(effect('ship', ['charge']))],
  'an effect has no result': [5, insteadOf(order, 4, segment(order, 4, [output(1)], { epoch: 2 }))],
  'who waits in line begins out of turn': [
    6,
    (history) => {
      const begins = history.slice(placeOf(history, sales[1], 0)).slice(0, 1)
      return before(sales[0], 1, ...begins)(insteadOf(sales[1], 0)(history))
    },
  ],
  'a key is released while its holder works': [
    6,
    (history) => before(sales[0], 1, head(1, 5))(without(head(1, 5))(history)),
  ],
  'a head goes back': [6, atEnd(head(1, 8))],
  'a head passes two slots at once': [6, without(head(1, 5))],
  'a slot is given away twice': [6, atEnd(saleSlot(1, 0, { writer: 'another' }))],
  'a mailbox has a gap': [6, instead(saleSlot(2, 1), saleSlot(3, 1))],
  'records of a key overtake each other': [
    6,
    (history) =>
      instead(saleSlot(2, 1), saleSlot(2, 0))(instead(saleSlot(1, 0), saleSlot(1, 1))(history)),
  ],
  'a state is not what its holders left': [7, instead(head(2, 8), head(2, 9))],
  'a state changes though nobody is done': [7, atEnd(head(2, 9))],
  'a change is lost': [7, instead(head(2, 8), head(2, 5))],
  'a version goes back': [7, instead(head(2, 8), head(2, 8, { version: 0 }))],
  'a record is committed before it is accepted': [
    8,
    (history) =>
      instead(saleSlot(2, 1), committed(2), saleSlot(2, 1))(without(committed(2))(history)),
  ],
  'a record is accepted, and never committed': [8, without(committed(2))],
  'a record has two invocations': [
    9,
    atEnd(segment(order, 5, [saleCreated(0)], { by: 'orchestrator' })),
  ],
  'a record has none': [
    9,
    instead(
      { what: 'records', topic, partition: 0, end: '2' },
      { what: 'records', topic, partition: 0, end: '3' },
    ),
  ],
  'a record is put aside, and has an invocation': [9, atEnd({ what: 'dead', ...position(0) })],
  'somebody does not come to his end': [10, insteadOf(stock, 1)],
  'a client was told of somebody who is not there': [
    10,
    before(order, 0, { what: 'accepted', invocation: order }),
  ],
  'a client was told something else': [
    12,
    atEnd({ what: 'answered', invocation: order, value: 2 }),
  ],
  'a client was told too early': [
    12,
    before(order, 4, { what: 'answered', invocation: order, value: 1 }),
  ],
  'a promise is completed twice': [5, atEnd(verdict(1), verdict(2))],
  'who waits for a promise hears something else': [5, atEnd(...voted(2, true))],
  'who completed a promise hears that another did': [5, atEnd(...voted(1, false))],
  'a slot never has its turn': [10, atEnd(saleSlot(3, 1))],
  'somebody ends twice': [12, atEnd(segment(stock, 2, [output(8)], { by: 'orchestrator' }))],
}

describe('the ledger', () => {
  it('finds nothing wrong with what is sound', () => {
    expect(judge(soundHistory)).toEqual([])
  })

  it.each(Object.entries(cases))('finds that %s', (_what, [invariant, doctor]) => {
    const found = judge(doctor(soundHistory))
    expect(found).toContainEqual(expect.stringMatching(`^INV-${invariant}:`))
  })

  it('takes a new stamp for what it is, and a new life once the old one has expired', () => {
    const stamped = atEnd({ ...segment(stock, 0, [created('stock', { kind: 'http' })]) })
    const again = soundHistory[placeOf(soundHistory, stock, 0)]
    const anew = segment(stock, 0, [created('stock', { kind: 'http' }), attempt(1), output(7)], {
      born: 'other',
    })
    expect(judge([...soundHistory, ...(again === undefined ? [] : [again])])).toEqual([])
    const ledger = new Ledger()
    const events = historyOf([...soundHistory, anew])
    const late = events.map((event, n) =>
      n < events.length - 1 ? event : { ...event, at: event.at + 2 * hour },
    )
    expect(late.flatMap((event) => ledger.take(event))).toEqual([])
    expect(judge(stamped(soundHistory))).not.toEqual([])
  })

  it('follows states that are cleared, edited, and held beside the head', () => {
    const cleared = {
      what: 'slot',
      object: till,
      slot: {
        ...{ n: 3, writer: 's3', at: 0, expires: 9e15, mark: 'applied' },
        mail: {
          kind: 'edit',
          edit: {
            ...{ id: 'e', version: undefined },
            patch: { cleared: true, values: [['note', { json: 'long' }]] },
          },
          retentionMs: hour,
        },
      },
    } as const satisfies Happening
    const kept = { cells: [{ name: 'note', slot: 3, bytes: 9_000 }] }
    const value: Happening = {
      ...{ what: 'value', object: till, name: 'note', slot: 3, value: { json: 'long' } },
    }
    expect(judge([...soundHistory, cleared, value, head(3, 0, kept)])).toEqual([])
    expect(judge([...soundHistory, cleared, head(3, 0, kept)])).toHaveLength(1)
    expect(judge([...soundHistory, cleared, value, head(3, 8)])).toHaveLength(1)
    const { mail } = cleared.slot
    const made = (version: number): Happening => ({
      ...cleared,
      slot: { ...cleared.slot, mail: { ...mail, edit: { ...mail.edit, version } } },
    })
    expect(judge([...soundHistory, made(2), value, head(3, 0, kept)])).toEqual([])
    expect(judge([...soundHistory, made(1), value, head(3, 0, kept)])).toEqual([
      expect.stringContaining('a change of version 1'),
    ])
  })

  it('sees a holder show what it had before', () => {
    const shows = (n: number) => {
      const patch = { cleared: false, values: [] }
      return head(2, 8, { live: { slot: 3, n, invocation: sales[0], patch } })
    }
    expect(judge([...soundHistory, shows(1), shows(2)])).toEqual([])
    expect(judge([...soundHistory, shows(2), shows(1)])).toEqual([
      expect.stringContaining('shows what its holder of slot 3 had before'),
    ])
  })
})

describe('a history in a file', () => {
  it('is one line for each event, and reads back as it was', () => {
    const events = historyOf(soundHistory)
    const text = encodeHistory(events)
    expect(text.trimEnd().split('\n')).toHaveLength(events.length)
    expect(decodeHistory(text).flatMap((event) => new Ledger().take(event))).toEqual(
      events.flatMap((event) => new Ledger().take(event)),
    )
    expect(decodeHistory(text)).toEqual(JSON.parse(JSON.stringify(events)))
  })

  it('can be read by people', () => {
    const [first] = historyOf(soundHistory)
    if (first === undefined) throw new Error('there are events')
    expect(describeEvent(first)).toBe(`08:00:00.000  somebody     ${order} 0: created attempt`)
  })
})

it('hears what clients were told', () => {
  const told: readonly Happening[] = [
    { what: 'accepted', invocation: order },
    { what: 'answered', invocation: order, value: 1 },
  ]
  expect(judge([...soundHistory, ...told])).toEqual([])
  const queued = instead(saleSlot(1, 0), saleSlot(1, 0), {
    ...{ what: 'accepted', invocation: sales[0] },
  })
  expect(judge(queued(soundHistory))).toEqual([])
})

it('lets a promise be made anew once it is forgotten or has expired', () => {
  expect(judge([...soundHistory, ...voted(1, true)])).toEqual([])
  const { promise } = verdict(1)
  const forgotten: readonly Happening[] = [
    verdict(1),
    { what: 'promise-gone', promise },
    verdict(2),
  ]
  expect(judge([...soundHistory, ...forgotten])).toEqual([])
  expect(judge([...soundHistory, { ...verdict(1), expires: 1 }, verdict(2)])).toEqual([])
})

it('counts state that is set and then set again once', () => {
  const twice = insteadOf(sales[1], 1, segment(sales[1], 1, [set(0, 3), set(1, 8), output(8)]))
  expect(judge(twice(soundHistory))).toEqual([])
})
