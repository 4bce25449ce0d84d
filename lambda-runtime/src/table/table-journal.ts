import type { Segment } from '../protocol/index.ts'

/** What `HandlerJournal` of the replay side asks for; declared here, so that `table/` sees `protocol/` alone. */
export type TableJournal = {
  append(segment: Segment): Promise<'appended' | 'conflict'>
  tail(from: number): Promise<readonly Segment[]>
}
