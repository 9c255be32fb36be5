import { errorMessage } from '../../../shared/values/error-message.ts'
import type { PeerResult } from '../results/result.ts'
import type { BenchServices } from '../services.ts'
import { AWS_CLI } from './aws-s3-cp.ts'
import { DYNAMODUMP } from './dynamodump.ts'
import { dynamodumpLosses } from './item-losses.ts'
import { awsS3CpLosses } from './object-losses.ts'
import { PeerError, type PythonProgram, pythonWith } from './python.ts'
import { SPECSTAR } from './specstar.ts'

interface Peer {
  readonly program: PythonProgram
  /** Copies awkward content with the peer, and returns what the peer changes or loses. */
  readonly losses?: (services: BenchServices) => Promise<string[]>
}

/** The peers by the first word of their measures. */
const PEERS: Readonly<Record<string, Peer>> = {
  dynamodump: { program: DYNAMODUMP, losses: dynamodumpLosses },
  aws: { program: AWS_CLI, losses: awsS3CpLosses },
  // Each measure of SpecStar compares what SpecStar has loaded.
  specstar: { program: SPECSTAR },
}

/** Installs the peers, and checks what they lose. A peer that cannot be installed or fails has an error. */
export const checkPeers = async (services: BenchServices): Promise<Record<string, PeerResult>> => {
  const results: Record<string, PeerResult> = {}
  for (const [name, { program, losses }] of Object.entries(PEERS))
    try {
      await pythonWith(program.package)
      results[name] = { package: program.package, losses: (await losses?.(services)) ?? [] }
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      results[name] = { package: program.package, losses: [], error: errorMessage(error) }
    }
  return results
}

/** Returns whether the peer of a measure can run. */
export const canRun = (measure: string, peers: Readonly<Record<string, PeerResult>>): boolean => {
  const peer = peers[measure.split(' ')[0] ?? '']
  return peer !== undefined && peer.error === undefined
}
