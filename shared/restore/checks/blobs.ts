import { compareBlob } from './compare-blob.ts'
import type { VerificationCheck } from './check.ts'

/**
 * Checks that the store has every blob to which the restored resources refer, and that the size, SHA-256 and headers of
 * each blob equal those in the archive.
 */
export const blobs = {
  name: 'blobs',

  checkBlob: (compared, findings) => {
    if (compared.blob.kind !== 'blob') return
    findings.addChecked(1)
    const difference = compareBlob(compared)
    if (difference !== undefined) findings.fail(difference)
  },
} as const satisfies VerificationCheck
