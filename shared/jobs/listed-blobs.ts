import { listedIds } from '../values/message-text.ts'
import type { MissingBlobs } from './job.ts'

/** The number of blobs and the first of their ids, as job items and answers list them. */
export const listedBlobs = (ids: readonly string[]): MissingBlobs => ({ count: ids.length, ids: listedIds(ids) })
