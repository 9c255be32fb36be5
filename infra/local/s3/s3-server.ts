import { createServer } from 'node:http'
import * as z from 'zod'
import { runAsChild, sendToParent } from '../processes/run-as-child.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'
import { S3Limits } from '../limits/service-limits.ts'
import { DAY_MS } from '../../../shared/values/durations.ts'
import { objectCreated } from './object-created.ts'
import { createService, reportError } from './service.ts'
import type { ExpiryDays } from './start-s3.ts'
import { Storage } from './storage/storage.ts'

const Settings = z.object({
  port: z.number().int(),
  dir: z.string(),
  buckets: z.array(z.string()),
  expiry: z
    .object({ oldVersions: z.number(), unfinishedUploads: z.number(), objects: z.record(z.string(), z.number()) })
    .optional(),
  limits: S3Limits.optional(),
})

/**
 * The time between two searches for expired versions. It is short compared to the age of versions, which is in days.
 */
const EXPIRY_INTERVAL_MS = 3_600_000

await runAsChild(Settings, async ({ dir, buckets, expiry, limits }) => {
  const storage = await Storage.open(dir)
  for (const bucket of buckets) if (!storage.buckets.has(bucket)) await storage.buckets.create(bucket)
  const service = createService({
    storage,
    credentials: LOCAL_CREDENTIALS,
    limits,
    onCreated: (bucket, key, version, reason) => {
      sendToParent({ event: objectCreated(bucket, key, version, reason) })
    },
  })
  process.on('uncaughtException', reportError)
  process.on('unhandledRejection', reportError)
  const stopExpiry = expiry === undefined ? undefined : expireRegularly(storage, expiry)
  return {
    server: createServer(service),
    close: async () => {
      await stopExpiry?.()
      await storage.close()
    },
  }
})

/**
 * Deletes expired data now and every hour, without delaying requests. Returns a function that stops these deletions.
 */
function expireRegularly(
  storage: Storage,
  { oldVersions, unfinishedUploads, objects }: ExpiryDays,
): () => Promise<void> {
  const stopped = new AbortController()
  const { signal } = stopped
  const before = (days: number): number => Date.now() - days * DAY_MS
  const expire = async (): Promise<void> => {
    await storage.expireOldVersions(before(oldVersions), signal).catch(reportError)
    await storage.expireUploads(before(unfinishedUploads), signal).catch(reportError)
    for (const [bucket, days] of Object.entries(objects))
      await storage.expireObjects(bucket, before(days), signal).catch(reportError)
  }
  let running = expire()
  const timer = setInterval(() => {
    running = running.then(expire)
  }, EXPIRY_INTERVAL_MS)
  return () => {
    clearInterval(timer)
    stopped.abort()
    return running
  }
}
