export type { TableJournal } from './table-journal.ts'
