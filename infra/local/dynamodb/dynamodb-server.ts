import { mkdir } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import dynalite from 'dynalite'
import * as z from 'zod'
import { runAsChild } from '../processes/run-as-child.ts'
import { DynamoDbLimits } from '../limits/service-limits.ts'
import { patchLevelDb } from './leveldb-patches.ts'
import { guardRequests } from './request-guard.ts'

const Settings = z.object({ port: z.number().int(), dir: z.string().optional(), limits: DynamoDbLimits.optional() })

const removeDeleted = patchLevelDb()
await runAsChild(Settings, async ({ dir, limits }) => {
  if (dir !== undefined) await checkDatabaseOpens(dir)
  const server = dynalite({
    ...(dir !== undefined && { path: dir }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  guardRequests(server, limits, removeDeleted)
  return {
    server,
    // dynalite replaces `server.close`. Its own method also waits for pending writes and closes the database.
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      }),
  }
})

/**
 * Opens and closes the database. Throws if this fails, for example because another process uses the folder. dynalite
 * itself opens the database only at the first request, so it would report such an error too late.
 */
async function checkDatabaseOpens(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const database = new ClassicLevel(dir)
  await database.open()
  await database.close()
}
