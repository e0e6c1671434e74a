# Debian, because the tests run on glibc too. better-sqlite3 and snappy bring binaries for x64 and arm64: nothing is compiled.
FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./
COPY dashboard/package.json dashboard/

# What runs, without what the dashboard is made of: that is in its built files. Source maps, type declarations, C sources and the binaries of other systems are half of it, and are never read.
FROM base AS modules
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete \
  && rm -r node_modules/better-sqlite3/deps node_modules/better-sqlite3/src \
  && find node_modules/better-sqlite3/prebuilds -type f ! -name 'linux-*' -delete

# WebAssembly kernels, dashboard and JavaScript.
FROM base AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN PATH="/app/node_modules/.bin:$PATH" scripts/build tsconfig.build.json && rm dist/.tsbuildinfo

FROM node:24-bookworm-slim
ENV NODE_ENV=production SLUICE_DATA_DIR=/data
COPY --from=modules /app/node_modules /app/node_modules
COPY --from=build /app/kernel/build /app/kernel/build
COPY --from=build /app/dashboard/dist /app/dashboard/dist
COPY --from=build /app/dist /app/dist
COPY package.json LICENSE CHANGELOG.md /app/
COPY bin /app/bin
RUN ln -s /app/bin/sluice /usr/local/bin/sluice && install -d -o 1000 -g 1000 -m 700 /data
# A number, so that Kubernetes can see that it is not root.
USER 1000:1000
WORKDIR /data
# /data and /tmp are all that is written to: the rest may be read-only.
VOLUME ["/data"]
EXPOSE 8377
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:8377/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# bin/sluice puts Node in its own place, so that Node is process 1 and gets SIGTERM itself.
ENTRYPOINT ["/app/bin/sluice"]
CMD ["serve", "--file", "/etc/sluice/sluice.yaml", "--host", "0.0.0.0", "--port", "8377"]
