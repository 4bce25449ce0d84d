/** Dynalite publishes no types; these are of version 4, as far as it is used here. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface DynaliteOptions {
    /** A LevelDB folder; in memory when absent. */
    readonly path?: string
    /** How long tables stay in CREATING (500 ms by default), DELETING and UPDATING. */
    readonly createTableMs?: number
    readonly deleteTableMs?: number
    readonly updateTableMs?: number
    readonly maxItemSizeKb?: number
  }

  function dynalite(options?: DynaliteOptions): Server
  export = dynalite
}
