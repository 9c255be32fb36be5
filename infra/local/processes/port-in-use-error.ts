/** A port that the program wants is taken: names it, and the variable that chooses another. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly port: number

  constructor(port: number, variable: string) {
    super(`port ${port} is in use: stop what listens there, or choose another with ${variable}=…`)
    this.port = port
  }
}
