import process from 'node:process'

// Lambda runs nodejs24.x: what is tested elsewhere is not what ships.
const WANTED = 24
const found = Number(process.versions.node.split('.')[0])
if (found !== WANTED) {
  process.stderr.write(
    `Node ${WANTED} is needed and ${process.versions.node} runs: install with \`npm ci\` (its optional packages bring Node ${WANTED}) and start through \`npm run …\`; on macOS put Node ${WANTED} on your PATH.\n`,
  )
  process.exit(1)
}
