class Unet(Module):
    """The U-Net of diffusion models, of images and a condition alone."""

    def told(self, k):
        e = []
        if self.own("class_embedding") is not None:
            e.append(self.class_embedding(k["class"]))
        if self.own("context_embedding") is not None:
            e.append(self.context_embedding(k["context"]))
        return nn.functional.silu(sum(e)) if e else None

    def resnet(self, r, x, told):
        h = r.conv1(nn.functional.silu(r.norm1(x)))
        h = add_channels(h, r.own("time_emb_proj"), told)
        h = r.conv2(nn.functional.silu(r.norm2(h)))
        way = r.own("conv_shortcut")
        return (x if way is None else way(x)) + h

    def attend(self, a, x):
        places = a.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = (linear(places).unflatten(2, (-1, self.head)).transpose(1, 2)
                   for linear in (a.to_q, a.to_k, a.to_v))
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        y = a.to_out.get_submodule("0")(y.transpose(1, 2).flatten(2))
        return x + y.transpose(1, 2).reshape(x.shape)

    def parts(self, level):
        """Residual blocks, and the attention behind each, where there is one."""
        resnets, attentions = list(level.resnets.children()), level.own("attentions")
        behind = [] if attentions is None else list(attentions.children())
        return zip(resnets, behind + [None] * (len(resnets) - len(behind)))

    def run(self, resnet, attention, h, told):
        h = self.resnet(resnet, h, told)
        return h if attention is None else self.attend(attention, h)

    def forward(self, x, k):
        told, h = self.told(k), self.conv_in(x)
        skips = [h]
        for level in self.down_blocks.children():
            for resnet, attention in self.parts(level):
                h = self.run(resnet, attention, h, told)
                skips.append(h)
            if level.own("downsamplers") is not None:
                h = level.downsamplers.get_submodule("0").conv(h)
                skips.append(h)
        for resnet, attention in self.parts(self.mid_block):
            h = self.run(resnet, attention, h, told)
        for level in self.up_blocks.children():
            for resnet, attention in self.parts(level):
                h = self.run(resnet, attention, torch.cat([h, skips.pop()], 1), told)
            if level.own("upsamplers") is not None:
                h = nn.functional.interpolate(h, skips[-1].shape[2:])
                h = level.upsamplers.get_submodule("0").conv(h)
        return self.conv_out(nn.functional.silu(self.conv_norm_out(h)))
