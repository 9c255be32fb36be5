import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client } from '@aws-sdk/client-s3'
import { startS3, type ObjectCreated } from '../../../infra/local/s3.ts'

export const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
export const bucket = 'specstar-test'

/** An S3 stand-in on a free port and in a folder of its own, with one bucket, and a client for it. */
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
    async end() {
      client.destroy()
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export function clientOf(endpoint: string, secretAccessKey = credentials.secretAccessKey): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { ...credentials, secretAccessKey },
    maxAttempts: 1,
  })
}

/** What a refused request was answered: its code and status. */
export async function refusal(request: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  try {
    await request
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) {
      const metadata = error.$metadata
      const known = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      return { name: error.name, status: known ? Number(metadata.httpStatusCode) : undefined }
    }
    throw error
  }
  throw new Error('the request was not refused')
}
