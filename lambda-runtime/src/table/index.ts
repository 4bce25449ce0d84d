export {
  type AppendAnswer,
  appendSegment,
  type Leftover,
  type PutAnswer,
  type SegmentTable,
} from './append-segment.ts'
export { type Clash, hasExpired, isSame, judgeClash, lifeOf } from './clash.ts'
export { textOf, withText } from './compressed.ts'
export type { Environment } from './environment.ts'
export { type AttributeValue, type Item, itemBytes, maxItemBytes, writeUnits } from './item.ts'
export {
  decodeSegmentItem,
  encodeSegmentItem,
  type ItemKey,
  journalKey,
  type StoredSegment,
  segmentItemKey,
  segmentKey,
  segmentTtl,
} from './segment-item.ts'
export {
  decodeStateItem,
  encodeStateItem,
  objectKey,
  type StatePlace,
  stateItemKey,
  stateKey,
} from './state-item.ts'
export { TableError } from './table-error.ts'
export {
  createTableJournal,
  keptUntil,
  type TableJournal,
  type TableJournalOptions,
} from './table-journal.ts'
