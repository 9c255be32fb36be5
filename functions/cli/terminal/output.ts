import type { Problem } from '../../../shared/problems/problem.ts'
import type { Io, TerminalStream } from './io.ts'
import { problemText } from './problem-text.ts'
import { forTerminal, printable, printableJson, styled, type TextFormat } from './printable.ts'
import { writePieces } from './written-stream.ts'

interface OutputOptions {
  readonly json: boolean
  /** If true, JSON contains the signatures of presigned URLs. */
  readonly showUrls?: boolean
  /** Returns the argument or option of the command for a field of a request. */
  readonly fieldName?: (field: string) => string
}

/**
 * Writes the output of a command: results to stdout, and everything else to stderr. With `--json`, each result is one
 * line of JSON. Texts may contain anything: characters that could control the terminal are escaped.
 */
export class Output {
  readonly json: boolean
  readonly #fieldName: ((field: string) => string) | undefined
  readonly #io: Pick<Io, 'stdout' | 'stderr' | 'env'>
  readonly #showUrls: boolean
  #results: TerminalStream

  constructor(io: Pick<Io, 'stdout' | 'stderr' | 'env'>, { json, showUrls = false, fieldName }: OutputOptions) {
    this.#io = io
    this.#fieldName = fieldName
    this.json = json
    this.#showUrls = showUrls
    this.#results = io.stdout
  }

  /** The columns of stdout, or undefined if it is not a terminal. */
  get columns(): number | undefined {
    return this.#io.stdout.isTTY === true ? this.#io.stdout.columns : undefined
  }

  /** Returns true if progress bars and spinners may be shown: stderr is a terminal, and need not be JSON. */
  get isAnimated(): boolean {
    return !this.json && this.#io.stderr.isTTY === true && this.#io.env['TERM'] !== 'dumb'
  }

  /** Writes all further results to stderr, because stdout contains the bytes of an archive. */
  reserveStdout(): void {
    this.#results = this.#io.stderr
  }

  /** Writes one result: `value` with `--json`, otherwise the text. */
  show(value: unknown, text: () => string): void {
    this.#results.write(this.json ? this.#jsonLine(value) : forTerminal(withNewline(text())))
  }

  /** Writes a list of results: one object a line with `--json`, otherwise one text. */
  showAll(values: readonly unknown[], text: () => string): void {
    if (!this.json) this.#results.write(forTerminal(withNewline(text())))
    for (const value of this.json ? values : []) this.#results.write(this.#jsonLine(value))
  }

  /** Writes the pieces of a long result to stdout: JSON, or text for people. Throws if stdout cannot be written. */
  async showPieces(form: 'json' | 'text', pieces: AsyncIterable<string>): Promise<void> {
    let last = '\n'
    const change = form === 'json' ? printableJson : forTerminal
    const printed = async function* (): AsyncGenerator<string> {
      for await (const piece of pieces) {
        last = piece
        yield change(piece)
      }
    }
    try {
      await writePieces(this.#io.stdout, printed())
    } finally {
      // Pieces may end in the middle of a line because of an error. Its message must not stand behind them.
      if (!last.endsWith('\n')) this.#io.stdout.write('\n')
    }
  }

  /** Writes a message for the user to stderr. With `--json`, writes `document` as one line of JSON. */
  note(text: string, document: object = { note: text }): void {
    this.#io.stderr.write(this.json ? this.#jsonLine(document) : forTerminal(withNewline(text)))
  }

  /** Writes an error to stderr: with `--json`, as one line of JSON. */
  error(problem: Problem, text: string): void {
    this.note(text, { error: problem })
  }

  /** Returns the text of a problem in the words of the command. */
  problemText(problem: Problem): string {
    return problemText(problem, this.#fieldName)
  }

  /** Formats a text for stdout, if it is a terminal that may show colours. */
  style(format: TextFormat, text: string): string {
    return this.#isStyled(this.#results) ? styled(format, text) : printable(text)
  }

  /** Formats a text for stderr, if it is a terminal that may show colours. */
  styleNote(format: TextFormat, text: string): string {
    return this.#isStyled(this.#io.stderr) ? styled(format, text) : printable(text)
  }

  /** `FORCE_COLOR` has precedence over `NO_COLOR` (https://no-color.org), as in Node.js. */
  #isStyled(stream: TerminalStream): boolean {
    const { env } = this.#io
    if (this.json) return false
    if (isSet(env['FORCE_COLOR'])) return !['0', 'false'].includes(env['FORCE_COLOR'] ?? '')
    if (isSet(env['NO_COLOR'])) return false
    return stream.isTTY === true && env['TERM'] !== 'dumb'
  }

  #jsonLine(value: unknown): string {
    return `${printableJson(JSON.stringify(value, this.#showUrls ? undefined : withoutSignature))}\n`
  }
}

/** Output is often kept in a log, and whoever has a presigned URL can read the whole archive. */
const withoutSignature = (name: string, value: unknown): unknown =>
  name === 'url' && typeof value === 'string' && value.includes('X-Amz-Signature=')
    ? value.replace(/\?.*/s, '?…')
    : value

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
