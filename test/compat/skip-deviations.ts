import process from 'node:process'
import { beforeEach } from 'vitest'
import { deviationOf, ServerNames } from './deviations.ts'

/** A setup file of Vitest. It skips the tests that a server of this run is known to fail, with the reason. */
const servers = ServerNames.parse(process.env['COMPAT_SERVERS'])

beforeEach(({ task, skip }) => {
  const reason = deviationOf(servers, task.fullTestName)
  if (reason !== undefined) skip(reason)
})
