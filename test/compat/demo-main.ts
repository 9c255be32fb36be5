import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { programOptions } from '../../infra/local/program/program-options.ts'
import { startProgram } from '../../infra/local/program/start-program.ts'
import { sweepUploads } from '../../shared/restore/start/sweep-uploads.ts'

/**
 * The local program on other servers. Those servers send no events of uploads to the program. Therefore it searches for
 * uploads again and again, as `npm start` does once when it starts.
 */
const POLL_MS = 500

const environment = z.record(z.string(), z.string()).parse(JSON.parse(process.env['COMPAT_ENVIRONMENT'] ?? '{}'))
const program = await startProgram(programOptions({ ...process.env, ...environment }))
process.on('SIGTERM', () => {
  void program.stop().finally(() => process.exit(0))
})
process.stdout.write(`ready ${program.url}\n`)
for (;;) {
  await sweepUploads(program.services)
  await sleep(POLL_MS)
}
