import process from 'node:process'

// On AWS, Lambda uses the runtime nodejs24.x. Another version of Node could behave differently.
const REQUIRED_MAJOR = 24
const installedMajor = Number(process.versions.node.split('.')[0])
if (installedMajor !== REQUIRED_MAJOR) {
  process.stderr.write(
    [
      `Node ${REQUIRED_MAJOR} is required, but Node ${process.versions.node} is running.`,
      `On Linux and Windows, \`npm ci\` installs Node ${REQUIRED_MAJOR} for this project: use \`npm run …\`.`,
      `On macOS, install Node ${REQUIRED_MAJOR} and put it first on your PATH.\n`,
    ].join('\n'),
  )
  process.exit(1)
}
