module go-plugin

go 1.19
