import { mkdir } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import dynalite from 'dynalite'
import { z } from 'zod'
import { runAsChild } from '../processes/run-as-child.ts'
import { patchLevelDb } from './leveldb-patches.ts'
import { guardRequests } from './request-guard.ts'

const Settings = z.object({ port: z.number().int(), dir: z.string().optional() })

patchLevelDb()
await runAsChild(Settings, async ({ dir }) => {
  if (dir !== undefined) await checkDatabaseOpens(dir)
  const server = dynalite({
    ...(dir !== undefined && { path: dir }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  guardRequests(server)
  return {
    server,
    // dynalite replaces `server.close`: it also closes the database and waits for pending writes.
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      }),
  }
})

// dynalite opens its database at the first request. Only then would a lock held by another process be reported.
async function checkDatabaseOpens(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const database = new ClassicLevel(dir)
  await database.open()
  await database.close()
}
