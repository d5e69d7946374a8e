# One image for the api, the translator, the edges and the command. `docker run IMAGE --help` is `routeledger --help`.
# It needs neither root nor a root file system that can be written.

# What npm asks for, without the sources: a change of those keeps the packages' layer.
FROM node:24.21.0-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs libs
COPY services services
# npm ci compares every workspace with the lock.
COPY test/package.json test/package.json
RUN find libs services -type f ! -name package.json -delete \
 && find libs services -type d -empty -delete

FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --omit=dev && npm cache clean --force
# Of the SQLite addon, only what this platform loads. The link to the test workspace leads nowhere.
RUN cd node_modules/better-sqlite3 \
 && find prebuilds -name '*.node' ! -name "linux-$(node -p process.arch).node" -delete \
 && rm -rf deps src binding.gyp \
 && rm -rf /app/test /app/node_modules/@routeledger/test

FROM debian:bookworm-slim
# A volume that is mounted at /data for the first time takes over this owner.
RUN groupadd --gid 1000 node \
 && useradd --uid 1000 --gid node --no-create-home --home-dir /nonexistent node \
 && mkdir /data && chown node:node /data
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app /app
COPY deploy/routeledger deploy/healthcheck /usr/local/bin/
COPY LICENSE /app/LICENSE
COPY libs /app/libs
COPY services /app/services
ENV NODE_ENV=production
USER node
WORKDIR /app
ENTRYPOINT ["routeledger"]
CMD ["--help"]
