import { createServer } from 'node:http'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'
import S3Error from '@20minutes/s3rver/lib/models/error.js'
import { z } from 'zod'
import { runAsChild, sendToParent } from './processes/run-as-child.ts'
import { frontOf } from './s3-front.ts'
import { objectCreated } from './s3-gaps/events.ts'
import { ObjectStore } from './s3-objects.ts'

const Settings = z.object({ port: z.number().int(), dir: z.string(), buckets: z.array(z.string()) })

await runAsChild(Settings, async ({ dir, buckets }) => {
  const objects = await ObjectStore.open(dir)
  const app = new S3rver({
    directory: join(dir, 'buckets'),
    silent: true,
    vhostBuckets: false,
    allowMismatchedSignatures: false,
  })
  for (const bucket of buckets) await app.store.putBucket(bucket)
  app.middleware.unshift(
    frontOf(objects, app.store, (bucket, key, record, reason) => {
      sendToParent({ event: objectCreated(bucket, key, record, reason) })
    }),
  )
  app.on('error', report)
  process.on('uncaughtException', report)
  process.on('unhandledRejection', report)
  return { server: createServer(app.callback()), close: () => objects.close() }
})

// Faults are answers; a client that has gone is nobody's fault; anything else is ours, and costs one request.
function report(error: unknown): void {
  if (error instanceof S3Error) return
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code)) return
  console.error('S3 stand-in:', error)
}
