import { listedIds } from '../values/message-text.ts'
import type { MissingBlobs } from './job.ts'

/** Returns the number of blobs and their first 100 ids, as job items and responses contain them. */
export const listedBlobs = (ids: readonly string[]): MissingBlobs => ({ count: ids.length, ids: listedIds(ids) })
