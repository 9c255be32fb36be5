import process from 'node:process'
import { runProgram } from '../../infra/local/main.ts'
import { programOptions } from '../../infra/local/program/start-program.ts'

const MIB = 1024 * 1024

/**
 * The local program with ranges so small that four children run at once whatever the size of the store: else a larger store would
 * have more of them, and their memory would look like growth.
 */
await runProgram({
  ...programOptions(process.env),
  limits: { rangeBytes: 4 * MIB, segmentBytes: 16 * MIB, blobsPerRange: 400 },
})
