import { mkdir } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import dynalite from 'dynalite'
import { z } from 'zod'
import { runAsChild } from '../processes/run-as-child.ts'
import { boundDatabase } from './leveldb-patches.ts'
import { guardDynalite } from './request-guard.ts'

const Settings = z.object({ port: z.number().int(), dir: z.string().optional() })

boundDatabase()
await runAsChild(Settings, async ({ dir }) => {
  if (dir !== undefined) await openable(dir)
  const server = dynalite({
    ...(dir !== undefined && { path: dir }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  })
  guardDynalite(server)
  // dynalite's close() goes over the database too, and waits for what it still writes
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      }),
  }
})

// dynalite opens its database behind our back and reports a lock held by another program only at the first request.
async function openable(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const database = new ClassicLevel(dir)
  await database.open()
  await database.close()
}
