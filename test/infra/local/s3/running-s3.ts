import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LOCAL_CREDENTIALS } from '../../../../shared/runtime/local-credentials.ts'
import { startS3, type ObjectCreated } from '../../../../infra/local/s3/start-s3.ts'
import { clientFor } from './contract/session.ts'

export { rejection } from './contract/session.ts'

/** A copy, because clients add a member to the object. */
export const credentials = { ...LOCAL_CREDENTIALS }
export const bucket = 'specstar-test'

export const clientOf = (endpoint: string) => clientFor({ endpoint, region: 'us-east-1', credentials })

/** Starts the S3 service on a free port and in a new folder, with one bucket, and creates a client. */
export async function runS3() {
  const dir = await mkdtemp(join(tmpdir(), 'local-s3-'))
  const events: ObjectCreated[] = []
  const server = await startS3({ port: 0, dir, buckets: [bucket], onObjectCreated: (event) => events.push(event) })
  const client = clientOf(server.endpoint)
  return {
    ...server,
    dir,
    events,
    client,
    /** the number of files with content */
    async countFiles(): Promise<number> {
      const found = await readdir(join(dir, 'content'), { recursive: true, withFileTypes: true })
      return found.filter((entry) => entry.isFile()).length
    },
    async end() {
      client.destroy()
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
