import { batchWrite } from './batch-write.ts'
import { conditionalPut } from './conditional-put.ts'
import { copyBlobs } from './copy-blobs.ts'
import type { Floor } from './floor.ts'
import { getBlobs } from './get-blobs.ts'
import { plainExport } from './plain-export.ts'
import { putBlobs } from './put-blobs.ts'
import { query } from './query.ts'
import { readAndHash } from './read-and-hash.ts'

/** All floors by the names of their measures (`measures.ts`). */
export const FLOORS: Readonly<Record<string, Floor>> = {
  query,
  'plain export': plainExport,
  'read and hash': readAndHash,
  'batch write': batchWrite,
  'conditional put': conditionalPut,
  'get blobs': getBlobs,
  'get large blobs': getBlobs,
  'copy blobs': copyBlobs,
  'put blobs': putBlobs,
}
