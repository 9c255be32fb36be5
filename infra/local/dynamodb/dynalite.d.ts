/** What is used of dynalite, which carries no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  export interface DynaliteOptions {
    /** where LevelDB keeps the data; in memory without it */
    readonly path?: string
    readonly createTableMs?: number
    readonly deleteTableMs?: number
    readonly updateTableMs?: number
  }

  export default function dynalite(options?: DynaliteOptions): Server
}
