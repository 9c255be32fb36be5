import { createServer } from 'node:http'
import { z } from 'zod'
import { runAsChild, sendToParent } from '../processes/run-as-child.ts'
import { LOCAL_CREDENTIALS } from '../processes/credentials.ts'
import { objectCreated } from './object-created.ts'
import { createService, reportError } from './service.ts'
import { Storage } from './storage/storage.ts'

const Settings = z.object({
  port: z.number().int(),
  dir: z.string(),
  buckets: z.array(z.string()),
  oldVersionDays: z.number().optional(),
})

const DAY_MS = 24 * 3_600_000
/**
 * The time between two searches for expired versions. It is short compared to the age of versions, which is in days.
 */
const EXPIRY_INTERVAL_MS = 3_600_000

await runAsChild(Settings, async ({ dir, buckets, oldVersionDays }) => {
  const storage = await Storage.open(dir)
  for (const bucket of buckets) if (!storage.buckets.has(bucket)) await storage.buckets.create(bucket)
  const service = createService({
    storage,
    credentials: LOCAL_CREDENTIALS,
    onCreated: (bucket, key, version, reason) => {
      sendToParent({ event: objectCreated(bucket, key, version, reason) })
    },
  })
  process.on('uncaughtException', reportError)
  process.on('unhandledRejection', reportError)
  const stopExpiry = oldVersionDays === undefined ? undefined : expireRegularly(storage, oldVersionDays * DAY_MS)
  return {
    server: createServer(service),
    close: async () => {
      await stopExpiry?.()
      await storage.close()
    },
  }
})

/** Deletes old versions now and every hour, in the background. Returns a function that stops the deletion. */
function expireRegularly(storage: Storage, maxAgeMs: number): () => Promise<void> {
  const stopped = new AbortController()
  const expire = async (): Promise<void> => {
    await storage.expireOldVersions(Date.now() - maxAgeMs, stopped.signal).catch(reportError)
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
