import { SingleBar } from 'cli-progress'
import type { CommandContext } from '../../command.ts'
import { EXIT, type ExitCode } from '../../exit-codes.ts'
import { bytesText } from '../../terminal/units.ts'
import { nameOfAddress, parseAddress } from '../sources/address.ts'
import type { CountedSource } from '../sources/counted-source.ts'
import { readBytes, readText, withSource } from '../with-archive.ts'
import { verificationText } from './verification-text.ts'
import { verifyArchive } from './verify-archive.ts'

/** The time between two updates of the bar. */
const UPDATE_MS = 200

/** Verifies the archive at an address, prints the result, and returns the exit code. */
export const verifyFile = (context: CommandContext, address: string): Promise<ExitCode> =>
  withSource(context, address, async (source) => {
    const { output } = context
    const stop = showProgress(context, source)
    const verification = await verifyArchive(source).finally(stop)
    const archive = nameOfAddress(parseAddress(address))
    output.show({ archive, ...verification, read: readBytes(source) }, () =>
      verificationText(output, archive, verification),
    )
    if (!output.json) output.note(readText(readBytes(source)))
    return verification.passed ? EXIT.succeeded : EXIT.verificationFailed
  })

/** Shows how much of an archive has been read, if stderr is a terminal. Returns a function that removes the bar. */
const showProgress = ({ io, output }: CommandContext, source: CountedSource): (() => void) => {
  if (!output.isAnimated) return () => undefined
  const bar = new SingleBar({
    stream: io.stderr,
    format: 'verify {bar} {percentage}%  {read} of {size}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true,
  })
  const payload = (): object => ({ read: bytesText(source.bytes), size: bytesText(source.size) })
  bar.start(source.size, 0, payload())
  // Some bytes are read twice.
  const timer = setInterval(() => {
    bar.update(Math.min(source.bytes, source.size), payload())
  }, UPDATE_MS)
  return () => {
    clearInterval(timer)
    bar.stop()
  }
}
