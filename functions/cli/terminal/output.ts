import { styleText } from 'node:util'
import type { Io, TerminalStream } from './io.ts'

export type TextFormat = Parameters<typeof styleText>[0]

/**
 * Writes the output of a command: results to stdout, and everything else to stderr. With `--json`, each result is one
 * line of JSON.
 */
export class Output {
  readonly json: boolean
  readonly #io: Pick<Io, 'stdout' | 'stderr' | 'env'>

  constructor(io: Pick<Io, 'stdout' | 'stderr' | 'env'>, json: boolean) {
    this.#io = io
    this.json = json
  }

  /** The columns of stdout, or undefined if it is no terminal. */
  get columns(): number | undefined {
    return this.#io.stdout.isTTY === true ? this.#io.stdout.columns : undefined
  }

  /** Returns true if progress bars and spinners may be shown: stderr is a terminal. */
  get isAnimated(): boolean {
    return this.#io.stderr.isTTY === true && this.#io.env['TERM'] !== 'dumb'
  }

  /** Writes one result: `value` with `--json`, otherwise the text. */
  show(value: unknown, text: () => string): void {
    this.#io.stdout.write(this.json ? `${JSON.stringify(value)}\n` : withNewline(text()))
  }

  /** Writes a list of results: one object a line with `--json`, otherwise one text. */
  showAll(values: readonly unknown[], text: () => string): void {
    if (!this.json) this.#io.stdout.write(withNewline(text()))
    for (const value of this.json ? values : []) this.#io.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** Writes a message for the user to stderr. */
  note(text: string): void {
    this.#io.stderr.write(withNewline(text))
  }

  /** Writes an error to stderr: with `--json`, as one line of JSON. */
  error(document: object, text: string): void {
    this.#io.stderr.write(this.json ? `${JSON.stringify({ error: document })}\n` : withNewline(text))
  }

  /** Formats a text for stdout, if it is a terminal that may show colours. */
  style(format: TextFormat, text: string): string {
    return this.#styleFor(this.#io.stdout, format, text)
  }

  /** Formats a text for stderr, if it is a terminal that may show colours. */
  styleNote(format: TextFormat, text: string): string {
    return this.#styleFor(this.#io.stderr, format, text)
  }

  #styleFor(stream: TerminalStream, format: TextFormat, text: string): string {
    return hasColours(stream, this.#io.env) ? styleText(format, text, { validateStream: false }) : text
  }
}

/** `NO_COLOR` (https://no-color.org) has precedence over `FORCE_COLOR`. */
const hasColours = (stream: TerminalStream, env: Io['env']): boolean => {
  if (isSet(env['NO_COLOR'])) return false
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== ''

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
