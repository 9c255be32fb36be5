import process from 'node:process'
import { runProgram } from '../../infra/local/main.ts'
import { programOptions } from '../../infra/local/program/program-options.ts'

const MIB = 1024 * 1024

/**
 * The local program with small ranges, so that four map items always run at the same time. With the normal ranges, a
 * larger store would have more concurrent map items, and their memory would be mistaken for growth with the size of the
 * store.
 */
await runProgram({
  ...programOptions(process.env),
  limits: { rangeBytes: 4 * MIB, segmentBytes: 16 * MIB, blobsPerRange: 400 },
})
