/** The commands that read each environment variable for a port. */
const COMMANDS = {
  PORT: '`npm start`',
  S3_PORT: '`npm start`, `npm run seed` and `npm run wipe`',
  DYNAMODB_PORT: '`npm start`, `npm run seed` and `npm run wipe`',
} as const

export type PortVariable = keyof typeof COMMANDS

/** Thrown if another process listens on a port of the program. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly port: number

  constructor(port: number, variable: PortVariable) {
    super(
      `port ${port} is already in use: stop the process that listens on it, ` +
        `or set ${variable} to another port in the environment of ${COMMANDS[variable]}`,
    )
    this.port = port
  }
}
