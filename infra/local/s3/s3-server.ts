import { createServer } from 'node:http'
import { z } from 'zod'
import { runAsChild, sendToParent } from '../processes/run-as-child.ts'
import { LOCAL_CREDENTIALS } from '../processes/credentials.ts'
import { objectCreated } from './object-created.ts'
import { createService, reportError } from './service.ts'
import { Storage } from './storage/storage.ts'

const Settings = z.object({ port: z.number().int(), dir: z.string(), buckets: z.array(z.string()) })

await runAsChild(Settings, async ({ dir, buckets }) => {
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
  return { server: createServer(service), close: () => storage.close() }
})
